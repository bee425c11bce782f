"""Services of other companies that slices ask, stood in for on loopback: each `local/<slice>_service.py` is one.

Such a module takes `--port` and `--key-file`; the engine keeps it running and its address the same.
"""

import contextlib
import socket
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.introduction import introduce, key_file
from local.keeper import Keeper
from local.ports import free_port
from local.processes import Process
from local.programs import Program
from local.seams import account

ROOT = Path(__file__).parent.parent
SUFFIX = "_service"
NAMES = sorted(file.stem.removesuffix(SUFFIX) for file in Path(__file__).parent.glob(f"*{SUFFIX}.py"))


class StandIn(Keeper):
    """One such service; `ready` is set while it listens."""

    def __init__(self, name: str, *, home: Path, engine: str) -> None:
        super().__init__(f"stand-in {name}", spawn=self._spawned, answers=self._listens)
        self._slice, self._engine = name, engine
        self._log = home / "logs" / f"{name}{SUFFIX}.log"
        self._key = key_file(home, name)
        self._record = self._key.with_suffix(".port")
        self._known_port = _number_in(self._record)
        self._port = free_port(like=self._known_port)

    def start(self) -> None:
        """Keep it running; whoever knew another address of it knows the new one before this returns."""
        self._move()
        super().start()

    def overview(self) -> dict[str, Any]:
        """Where it is and whether it listens, for people and for machines."""
        return {"name": self._slice, "url": self._url, "ready": self.ready.is_set()}

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _spawned(self) -> Process:
        self._move()
        flags = ("--port", str(self._port), "--key-file", str(self._key))
        command = (sys.executable, "-m", f"local.{self._slice}{SUFFIX}", *flags)
        with self._log.open("ab") as log:
            return Process(Program(directory=ROOT, command=command, environment={}), environment={}, output=log)

    def _move(self) -> None:
        """Go to another port if ours is taken."""
        self._port = free_port(like=self._port)
        if self._port == self._known_port:
            return
        if self._known_port:
            self._tell()
        self._record.write_text(str(self._port))
        self._known_port = self._port

    def _tell(self) -> None:
        root = boto3.Session("test", "test", region_name=account.REGION)
        try:
            introduce(self._slice, url=self._url, key=self._key.read_text(), session=root, engine=self._engine)
        except (BotoCoreError, ClientError):
            account.log.exception("nobody could be told that %s has moved to %s", self._name, self._url)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=2):
            return True
        return False


def _number_in(file: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(file.read_text())
    return 0
