"""Archives from elsewhere → plain files below a folder; what could reach beyond it, or fill the disk, is refused.

Code bundles carry this file too: `python3 archives.py ARCHIVE FOLDER`, on Python 3.9 and without the rest of Loupe.
"""

from __future__ import annotations

import gzip
import shutil
import sys
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

MOST_BYTES = 1 << 30
MOST_MEMBERS = 10_000


class UnsafeArchive(ValueError):
    """An archive that is not unpacked; the text names it, and what is wrong with which of its members."""


def unpack(archive: Path, folder: Path, *, most_bytes: int = MOST_BYTES) -> list[str]:
    """The names of the files in a gzipped tar, now below the folder; a file that is there is not written over."""
    try:
        with gzip.open(archive) as content, _members(cast("BinaryIO", content), most_bytes) as members:
            return [_write(members, member, folder) for member in _safe(members)]
    except UnsafeArchive as error:
        raise UnsafeArchive(f"{archive.name} is not unpacked: {error}") from error
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise UnsafeArchive(f"{archive.name} cannot be unpacked: {error}.") from error


class _Bounded:
    """What comes out of a stream, up to so many bytes: headers may say anything."""

    def __init__(self, content: BinaryIO, most_bytes: int) -> None:
        self._content, self._most_bytes, self._read = content, most_bytes, 0

    def read(self, count: int) -> bytes:
        found = self._content.read(count)
        self._read += len(found)
        if self._read > self._most_bytes:
            raise UnsafeArchive(f"it has more than {self._most_bytes} bytes.")
        return found


def _members(content: BinaryIO, most_bytes: int) -> tarfile.TarFile:
    return tarfile.open(fileobj=cast("BinaryIO", _Bounded(content, most_bytes)), mode="r|")


def _safe(members: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Its files, one after the other; folders are made where files need them."""
    for count, member in enumerate(members, start=1):
        if count > MOST_MEMBERS:
            raise UnsafeArchive(f"it has more than {MOST_MEMBERS} members.")
        if not (member.isfile() or member.isdir()) or member.issparse():
            raise UnsafeArchive(f"{member.name!r} is no plain file: a link, a device, or one with holes.")
        if _leads_out(member.name):
            raise UnsafeArchive(f"{member.name!r} would lie outside of its folder.")
        if member.isfile():
            yield member


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name


def _write(members: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str:
    name = str(PurePosixPath(member.name))
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    content = members.extractfile(member)
    assert content
    try:
        with target.open("xb") as file:
            shutil.copyfileobj(content, file)
    except FileExistsError as error:
        raise UnsafeArchive(f"{member.name!r} is there already.") from error
    return name


if __name__ == "__main__":
    try:
        unpack(Path(sys.argv[1]), Path(sys.argv[2]))
    except UnsafeArchive as unsafe:
        sys.exit(str(unsafe))
