"""The list of checksums beside a manifest: one JSON line for each object, in the order of their keys, gzipped."""

import gzip
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from lambdas.archive.objects import Found
from loupe import contracts
from loupe.artifacts import Artifacts
from loupe.files import BUFFER_BYTES


class Damaged(ValueError):
    """A list is not the one that its manifest was written for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What the list says of one object."""

    key: str
    size: int
    sha256: str
    etag: str
    version_id: str | None = None

    def is_of(self, found: Found) -> bool:
        """Whether it was written of the very version that was listed."""
        return (self.size, self.etag, self.version_id) == (found.size, found.etag, found.version)

    def line(self) -> bytes:
        told = contracts.check("archive/checksum", {name: getattr(self, name) for name in self.__slots__})
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def entry(line: bytes) -> Entry:
    """The entry of a line."""
    return Entry(**contracts.check("archive/checksum", json.loads(line)))


class NewList(AbstractContextManager["NewList"]):
    """A list that is being written, in a file of this machine; the same entries give the same bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb")
        self._lines = gzip.GzipFile(fileobj=self._file, mode="wb", filename="", mtime=0, compresslevel=6)

    def add(self, entry: Entry) -> None:
        self._lines.write(entry.line())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._lines.close()
        self._file.close()


class KeptList(AbstractContextManager["KeptList"]):
    """A list as it lies in the archive, fetched once and compared with its checksum; it may be gone through again."""

    def __init__(self, artifacts: Artifacts, name: str, sha256: str) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as this, and nobody can name it
        with artifacts.open(name) as kept:
            shutil.copyfileobj(kept, self._file, BUFFER_BYTES)
        self._file.seek(0)
        found = hashlib.file_digest(self._file, "sha256").hexdigest()
        if found != sha256:
            self.close()
            raise Damaged(f"{artifacts.url}/{name} is damaged: its SHA-256 is {found}, and its manifest says {sha256}.")

    def __iter__(self) -> Iterator[Entry]:
        self._file.seek(0)
        with gzip.open(self._file, "rb") as lines:
            yield from map(entry, lines)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
