"""Archives of a training job: its code, unpacked only if it stays where it belongs; its model, packed."""

import tarfile
from pathlib import Path

LONGEST_BYTES = 1 << 30
MOST_FILES = 10_000


class BadArchive(ValueError):
    """An archive that is not unpacked; the text says why."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack files and folders; refuse links, devices, paths that lead out of the folder, and too much of anything."""
    size = 0
    try:
        with tarfile.open(archive, "r:gz") as content:
            for number, member in enumerate(content, 1):
                size += member.size
                _check(member, folder, number=number, size=size)
                content.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadArchive(f"{archive.name} cannot be unpacked: {error}") from error


def pack(folder: Path, archive: Path) -> None:
    """Pack the files of a folder, without links."""
    with tarfile.open(archive, "w:gz") as content:
        for file in sorted(folder.rglob("*")):
            if not file.is_symlink() and (file.is_file() or file.is_dir()):
                content.add(file, file.relative_to(folder).as_posix(), recursive=False)


def _check(member: tarfile.TarInfo, folder: Path, *, number: int, size: int) -> None:
    if not (member.isreg() or member.isdir()):
        raise BadArchive(f"{member.name} is neither a file nor a folder")
    if not (folder / member.name).resolve().is_relative_to(folder.resolve()):
        raise BadArchive(f"{member.name} leads out of its folder")
    if number > MOST_FILES or size > LONGEST_BYTES:
        raise BadArchive(f"there is more than {MOST_FILES} files or {LONGEST_BYTES} bytes in it")
