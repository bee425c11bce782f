"""Files that commands write: whole or not at all, and never over another unless that is asked for."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cli.trouble import Trouble


@contextmanager
def new_file(target: Path, *, force: bool) -> Iterator[BinaryIO]:
    """A file to write; with `force` it takes the target's place once it is whole."""
    path = target.with_name(f".{target.name}.{os.getpid()}") if force else target
    try:
        file = path.open("xb")
    except FileExistsError as error:
        raise Trouble(f"{target} exists: choose another --out, or replace it with --force.") from error
    except OSError as error:
        raise Trouble(f"{target} cannot be written: {error.strerror}.") from error
    try:
        with file:
            yield file
        path.replace(target)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise Trouble(f"{target} cannot be written: {error.strerror or error}.") from error
        raise


def folder(path: Path) -> Path:
    """The folder to write to, made if it is missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Trouble(f"{path} cannot be a folder to write to: {error.strerror}.") from error
    return path
