"""A model's program as a process on a loopback port: kept running, asked for /ping, stopped whole."""

import http.client
from pathlib import Path

from local.keeper import Keeper
from local.ports import free_port
from local.processes import Process
from local.programs import Program


class ServerNeverReady(RuntimeError):
    """A program that did not answer /ping in time; the text ends with its last lines."""


class Server(Keeper):
    """One model server; `ready` is set while it answers /ping."""

    def __init__(self, program: Program, *, environment: dict[str, str], log: Path, start_seconds: float) -> None:
        name = f"model server {program.command[0]}"
        super().__init__(name, spawn=self._spawned, answers=lambda: _answers_ping(self.port))
        self.port = free_port()
        self._program = program
        self._environment = environment
        self._log = log
        self._start_seconds = start_seconds

    def wait_until_ready(self) -> None:
        """Return once /ping answers 200, or raise ServerNeverReady."""
        if not self.ready.wait(self._start_seconds):
            raise ServerNeverReady(f"/ping did not answer 200 in {self._start_seconds:g} s.{self._last_lines()}")

    def _spawned(self) -> Process:
        port = {"SAGEMAKER_BIND_TO_PORT": str(self.port), "BIND_HOST": "127.0.0.1"}
        with self._log.open("ab") as log:
            return Process(self._program, environment={**self._environment, **port}, output=log)

    def _last_lines(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-15:] if self._log.exists() else []
        return " Its last lines: " + " | ".join(lines) if lines else " It wrote nothing."


def _answers_ping(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
