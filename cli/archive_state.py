"""What a long command has done so far, line by line in a file of this machine: a killed one goes on from there."""

import fcntl
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from cli.account import laptop_home
from cli.trouble import Trouble


class State:
    """The lines of a command that is asked the same again; a line that was not written whole does not count."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path

    def lines(self) -> list[dict[str, Any]]:
        self._file.seek(0)
        whole = [line for line in self._file.read().split(b"\n")[:-1] if line]
        return [json.loads(line) for line in whole]

    def add(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()

    def forget(self) -> None:
        """Nothing is left to go on with."""
        self._file.truncate(0)
        self._path.unlink(missing_ok=True)


@contextmanager
def state(command: str, *, keep_hours: float | None = None, fresh: bool = False, **asked: Any) -> Iterator[State]:
    """The state of a command that was asked so; older than that it is of no use. One process at a time."""
    name = hashlib.sha256(json.dumps([command, asked], sort_keys=True).encode()).hexdigest()[:16]
    path = laptop_home() / "archive" / f"{command}-{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Trouble(f"The same `loupe archive {command}` is under way: wait for it, or end it.") from error
        if fresh or (keep_hours is not None and path.stat().st_mtime < time.time() - keep_hours * 3600):
            file.truncate(0)
        _end_line(file)
        yield State(file, path)


def _end_line(file: BinaryIO) -> None:
    """Cut off what a process that was killed did not write to the end."""
    file.seek(0)
    body = file.read()
    file.truncate(body.rfind(b"\n") + 1)
    file.seek(0, 2)
