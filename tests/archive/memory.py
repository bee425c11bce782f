"""An archive in memory, for tests: objects with versions as S3 has them, and what was asked of it."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from lambdas.archive.entries import Entry
from lambdas.archive.manifest import Manifest
from lambdas.archive.objects import ChangedMeanwhile, Found, Objects
from lambdas.archive.renewal import Renewal
from lambdas.archive.tree import Tree, tree
from lambdas.archive.verification import Step, Verification, together
from loupe.artifacts import Artifacts, open_artifacts

LONG_AGO = datetime(2026, 1, 11, tzinfo=UTC)


class MemoryObjects(Objects):
    """Each write is a version, like in a bucket that keeps them; without versions there is nothing but the bytes."""

    def __init__(self, bodies: dict[str, bytes] | None = None, *, versions: bool = True) -> None:
        super().__init__("memory")
        self._versions = versions
        self.bodies, self.numbers = dict[str, bytes](), Counter[str]()
        self.asked = Counter[str]()
        for key, body in (bodies or {}).items():
            self.write(key, body)

    def write(self, key: str, body: bytes) -> None:
        self.bodies[key] = body
        self.numbers[key] += 1

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[Found]:
        self.asked["walk"] += 1
        yield from (self._found(key) for key in sorted(self.bodies) if key > after and key.startswith(prefix))

    def blocks(self, found: Found) -> Iterator[bytes]:
        self.asked["read"] += 1
        if self.look(found.key) != found:
            raise ChangedMeanwhile(f"{found.key} has been changed or removed while it was looked at.")
        yield self.bodies[found.key]

    def recorded_sha256(self, found: Found) -> str | None:
        self.asked["recorded"] += 1
        return None

    def look(self, key: str) -> Found | None:
        return self._found(key) if key in self.bodies else None

    def _found(self, key: str) -> Found:
        version = f"v{self.numbers[key]}"
        etag = version if self._versions else "same"
        size = len(self.bodies[key])
        return Found(key=key, size=size, etag=etag, modified=LONG_AGO, version=version if self._versions else None)


def written(objects: Objects, folder: Path, contract: Tree | None = None) -> tuple[Manifest, Artifacts]:
    """A manifest of what is there, and the folder that has it."""
    artifacts = open_artifacts(str(folder))
    with Renewal(objects, artifacts, contract or tree()) as renewal:
        list(renewal.entries())
        return renewal.publish(accept=True), artifacts


def verified(objects: Objects, manifest: Manifest, artifacts: Artifacts, *, read_all: bool = False) -> Step:
    """All that a verification finds."""
    with manifest.entries(artifacts) as entries:
        return together(Verification(objects, entries, tree(), read_all=read_all).steps())


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def entry(key: str, body: bytes, version: str = "v1") -> Entry:
    return Entry(key=key, size=len(body), sha256=sha256(body), etag=version, version_id=version)
