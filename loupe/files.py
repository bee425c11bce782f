"""Files of a folder that other processes write to too: seen whole or not at all, one writer at a time."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

BUFFER_BYTES = 1 << 20


def files_below(folder: Path, prefix: str = "") -> Iterator[str]:
    """Names with slashes, in order: a folder comes where its name with a slash does, as in a bucket."""
    found = [path for path in folder.glob("*") if not path.name.startswith(".")]
    for path in sorted(found, key=lambda path: path.name + "/" * path.is_dir()):
        name = prefix + path.name
        yield from files_below(path, f"{name}/") if path.is_dir() else [name]


@contextmanager
def draft_of(path: Path, body: BinaryIO) -> Iterator[Path]:
    """The bytes, safe on the disk beside where they will be, under a hidden name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    with draft.open("wb") as file:
        while block := body.read(BUFFER_BYTES):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time; the lock ends with the process that holds it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
