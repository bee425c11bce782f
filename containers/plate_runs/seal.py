"""`metrics.json`: written last, it makes a run one that happened; it holds the checksums of all the rest."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from loupe.claims import Claim, timestamp

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_TO_PLATE = "../../"


def seal(claim: Claim, plate_id: str, outputs: Mapping[str, bytes], source: tuple[str, str]) -> dict[str, Any]:
    """The run manifest over outputs by name and the source's path and checksum.

    Its notes are what sha256sum writes and checks in the run's folder: the contract has no field for checksums.
    """
    path, sha256 = source
    lines = [f"{sha256}  {_TO_PLATE}{path}", *(f"{_sha256(body)}  {name}" for name, body in outputs.items())]
    return {
        "run_id": claim.run_id,
        "plate_id": plate_id,
        "timestamp": timestamp(claim.run_id),
        "models": claim.models,
        "outputs": list(outputs),
        "notes": "\n".join(lines),
    }


def checksums(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Name in the run's folder → checksum; empty for a manifest of another program, whose notes say other things."""
    matches = [_LINE.fullmatch(line) for line in (manifest.get("notes") or "").splitlines()]
    return {match[2]: match[1] for match in matches if match} if all(matches) else {}


def source_checksum(manifest: Mapping[str, Any]) -> str | None:
    """The checksum of the source that a run measured, if its manifest says it."""
    found = checksums(manifest)
    return next((sha256 for name, sha256 in found.items() if name.startswith(_TO_PLATE)), None)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
