"""The project's manifest: what each place of the tree holds, and which list has the checksum of every object."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lambdas.archive.entries import KeptList
from loupe import contracts
from loupe.artifacts import Artifacts

MANIFEST = "metadata/project_manifest.json"
LISTS = "metadata/checksums"
VERSION = 1


class NoManifest(ValueError):
    """There is nothing yet that an archive could be compared with."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """As `schemas/archive/project_manifest.json` says, and the version of it that was seen."""

    id: str
    created_at: str
    previous: str | None
    tree_version: int
    objects: int
    bytes: int
    places: list[dict[str, Any]]
    checksums: dict[str, Any]
    version: int = VERSION

    def message(self) -> dict[str, Any]:
        return dict(contracts.check("archive/project_manifest", vars(self)))

    def entries(self, artifacts: Artifacts) -> KeptList:
        """The list that it was written for; Damaged if that is another one."""
        return KeptList(artifacts, self.checksums["name"], self.checksums["sha256"])


@dataclass(frozen=True)
class Seen:
    """The manifest that was there, and what tells it from its other versions."""

    manifest: Manifest | None
    version: str | None


def seen(artifacts: Artifacts) -> Seen:
    """The manifest as it is now, or that there is none."""
    while (version := artifacts.version(MANIFEST)) is not None:
        body = artifacts.read(MANIFEST)
        if artifacts.version(MANIFEST) == version:
            return Seen(Manifest(**contracts.check("archive/project_manifest", json.loads(body))), version)
    return Seen(None, None)


def current(artifacts: Artifacts) -> Manifest:
    """The manifest; NoManifest without one."""
    if (found := seen(artifacts).manifest) is None:
        raise NoManifest(f"{artifacts.url} has no {MANIFEST} yet: write one with `loupe archive manifest`.")
    return found


def publish(
    artifacts: Artifacts, entries: Path, places: list[dict[str, Any]], before: Seen, *, tree_version: int
) -> Manifest:
    """Put the list, then the manifest in the place of the one that was seen; the same again is no new one."""
    known, made = before.manifest, datetime.now(UTC)
    with entries.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if known and known.checksums["sha256"] == sha256 and known.tree_version == tree_version:
        return known
    name = f"manifest-{made:%Y%m%d-%H%M%S}-{sha256[:8]}"
    beside = f"{LISTS}/{name}.jsonl.gz"
    new = Manifest(
        id=name,
        created_at=made.strftime("%Y-%m-%dT%H:%M:%SZ"),
        previous=known.id if known else None,
        tree_version=tree_version,
        objects=sum(place["objects"] for place in places),
        bytes=sum(place["bytes"] for place in places),
        places=places,
        checksums={"name": beside, "bytes": entries.stat().st_size, "sha256": sha256},
    )
    message = json.dumps(new.message(), indent=1, ensure_ascii=False).encode() + b"\n"
    artifacts.add(beside, entries)
    with tempfile.NamedTemporaryFile() as draft:
        draft.write(message)
        draft.flush()
        artifacts.replace(MANIFEST, Path(draft.name), seen=before.version)
    return new
