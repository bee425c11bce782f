"""A plate's manifest and a run's seal → their rows in the ledgers."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from containers.plate_runs.dataset import SEAL
from containers.plate_runs.schemas import Schemas
from containers.plate_runs.seal import checksums, source_checksum
from containers.plate_runs.source import read_checksum, read_manifest
from loupe.artifacts import Artifacts

Row = dict[str, Any]

_TIME = pa.timestamp("us", tz="UTC")
_TEXTS = pa.list_(pa.string())

PLATE_COLUMNS = pa.schema(
    [
        ("plate_id", pa.string()),
        ("plate_number", pa.int32()),
        ("title", pa.string()),
        ("slug", pa.string()),
        ("source_image", pa.string()),
        ("source_sha256", pa.string()),
        ("download_url", pa.string()),
        ("license", pa.string()),
        ("created_at", _TIME),
        ("runs", pa.int64()),
        ("last_run_id", pa.string()),
    ]
)
RUN_COLUMNS = pa.schema(
    [
        ("plate_id", pa.string()),
        ("run_id", pa.string()),
        ("timestamp", _TIME),
        ("models", _TEXTS),
        ("outputs", _TEXTS),
        ("source_sha256", pa.string()),
        ("seal_sha256", pa.string()),
        ("notes", pa.string()),
    ]
)


@dataclass(frozen=True)
class LeftOut:
    """What is not in the ledger: an unsealed run, or with a reason what is not as its contract says."""

    reason: str = ""


def plate_record(plate: Artifacts, plate_id: str, schemas: Schemas) -> Row | LeftOut:
    """What the manifest and `source.sha256` say; the source itself is not read."""
    try:
        manifest = read_manifest(plate, plate_id, schemas)
        row = {name: manifest.get(name) for name in PLATE_COLUMNS.names}
        return {**row, "source_sha256": read_checksum(plate), "created_at": _time(manifest.get("created_at"))}
    except ValueError as error:
        return LeftOut(f"{plate_id}: {error}")


def run_record(plate: Artifacts, plate_id: str, run_id: str, schemas: Schemas) -> Row | LeftOut:
    """What the seal says."""
    try:
        return _run_row(*read_seal(plate, plate_id, run_id, schemas))
    except FileNotFoundError:
        return LeftOut()
    except ValueError as error:
        return LeftOut(f"{plate_id}/runs/{run_id}/{SEAL}: {error}")


def read_seal(plate: Artifacts, plate_id: str, run_id: str, schemas: Schemas) -> tuple[dict[str, Any], str]:
    """The run manifest and its own checksum; ValueError where it breaks its contract or is another run's."""
    body = plate.read(f"runs/{run_id}/{SEAL}")
    manifest: dict[str, Any] = schemas.check("run_manifest", json.loads(body))
    if (manifest["plate_id"], manifest["run_id"]) != (plate_id, run_id):
        raise ValueError(f"it is the seal of {manifest['run_id']} over {manifest['plate_id']}")
    return manifest, hashlib.sha256(body).hexdigest()


def _run_row(manifest: dict[str, Any], seal_sha256: str) -> Row:
    return {
        "plate_id": manifest["plate_id"],
        "run_id": manifest["run_id"],
        "timestamp": _time(manifest["timestamp"]),
        "models": manifest["models"],
        "outputs": manifest["outputs"],
        "source_sha256": source_checksum(manifest),
        "seal_sha256": seal_sha256,
        "notes": None if checksums(manifest) else manifest.get("notes"),
    }


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
