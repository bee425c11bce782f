"""A model's program as a process on a loopback port: started, asked for /ping, restarted, stopped whole."""

import http.client
import socket
import threading
import time
from pathlib import Path

from local.processes import Process
from local.programs import Program
from local.seams import account

RESTART_SECONDS = (0.1, 0.5, 2.0, 5.0)


class ServerNeverReady(RuntimeError):
    """A program that did not answer /ping in time; the text ends with its last lines."""


class Server:
    """One model server; `ready` is set while it answers /ping."""

    def __init__(self, program: Program, *, environment: dict[str, str], log: Path, start_seconds: float) -> None:
        self.ready = threading.Event()
        self.port = free_port()
        self._program = program
        self._environment = environment
        self._log = log
        self._start_seconds = start_seconds
        self._stopped = threading.Event()
        self._process: Process | None = None
        self._keeper = threading.Thread(target=self._keep, name=f"server-{self.port}", daemon=True)

    def start(self) -> None:
        """Start the program and keep it running until `stop`."""
        self._keeper.start()

    def wait_until_ready(self) -> None:
        """Return once /ping answers 200, or raise ServerNeverReady."""
        if not self.ready.wait(self._start_seconds):
            raise ServerNeverReady(f"/ping did not answer 200 in {self._start_seconds:g} s.{self._last_lines()}")

    def stop(self) -> None:
        """End the program and everything that it started."""
        self._stopped.set()
        self.ready.clear()
        if self._process:
            self._process.release()
            self._process.wait()

    @property
    def pid(self) -> int | None:
        """The process that holds the program, while there is one."""
        return self._process.pid if self._process else None

    def _keep(self) -> None:
        deaths = 0
        while not self._stopped.is_set():
            self._process = self._spawn()
            threading.Thread(target=self._watch_health, args=(self._process,), daemon=True).start()
            code = self._process.wait()
            deaths = 0 if self.ready.is_set() else deaths + 1
            self.ready.clear()
            if not self._stopped.wait(RESTART_SECONDS[min(deaths, len(RESTART_SECONDS) - 1)]):
                account.log.warning("model server %s ended with %s; starting it again", self._program.command[0], code)

    def _spawn(self) -> Process:
        port = {"SAGEMAKER_BIND_TO_PORT": str(self.port), "BIND_HOST": "127.0.0.1"}
        with self._log.open("ab") as log:
            return Process(self._program, environment={**self._environment, **port}, output=log)

    def _watch_health(self, process: Process) -> None:
        while process.pid is not None and not self._stopped.is_set():
            if _answers_ping(self.port):
                self.ready.set()
                return
            time.sleep(0.05)

    def _last_lines(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-15:] if self._log.exists() else []
        return " Its last lines: " + " | ".join(lines) if lines else " It wrote nothing."


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers_ping(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
