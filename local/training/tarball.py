"""What a training script leaves, packed."""

import tarfile
from pathlib import Path


def pack(folder: Path, tarball: Path) -> None:
    """Pack the files and folders of a folder, without links."""
    with tarfile.open(tarball, "w:gz") as content:
        for file in sorted(folder.rglob("*")):
            if not file.is_symlink() and (file.is_file() or file.is_dir()):
                content.add(file, file.relative_to(folder).as_posix(), recursive=False)
