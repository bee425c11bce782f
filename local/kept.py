"""One job on disk: a record that is there whole or not at all, and the lock that its running program holds."""

import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Kept:
    """The files of one job."""

    folder: Path
    name: str

    def write(self, record: dict[str, Any]) -> None:
        """Write the record; a reader sees the old or the new one."""
        draft = self._file(".draft")
        draft.write_text(json.dumps(record))
        draft.replace(self._file(".json"))

    def hold(self) -> int:
        """A file that stays locked while anybody has it open: this engine, or the program that outlives it."""
        held = os.open(self._file(".lock"), os.O_CREAT | os.O_RDWR)
        fcntl.flock(held, fcntl.LOCK_EX)
        return held

    def forget(self) -> None:
        """Delete the files."""
        for suffix in (".json", ".lock"):
            self._file(suffix).unlink(missing_ok=True)

    def _file(self, suffix: str) -> Path:
        return self.folder / f"{self.name}{suffix}"


def read_all(folder: Path) -> Iterator[dict[str, Any]]:
    """Every record of a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return (json.loads(file.read_text()) for file in folder.glob("*.json"))
