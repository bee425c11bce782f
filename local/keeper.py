"""A program that is kept running: started, watched until it answers, started again when it ends, stopped whole."""

import threading
import time
from collections.abc import Callable

from local.processes import Process
from local.seams import account

RESTART_SECONDS = (0.1, 0.5, 2.0, 5.0)
LOOK_SECONDS = 0.05


class Keeper:
    """One program; `ready` is set while it answers. The sooner it ends, again and again, the later it is started."""

    def __init__(self, name: str, *, spawn: Callable[[], Process], answers: Callable[[], bool]) -> None:
        self.ready = threading.Event()
        self._name, self._spawn, self._answers = name, spawn, answers
        self._stopped = threading.Event()
        self._spawning = threading.Lock()
        self._process: Process | None = None

    def start(self) -> None:
        """Start the program and keep it running until `stop`."""
        threading.Thread(target=self._keep, name=self._name, daemon=True).start()

    def stop(self) -> None:
        """End the program and everything that it started."""
        with self._spawning:
            self._stopped.set()
        self.ready.clear()
        if self._process:
            self._process.release()
            self._process.wait()

    def _keep(self) -> None:
        deaths = 0
        while process := self._started():
            threading.Thread(target=self._look, args=(process,), daemon=True).start()
            code = process.wait()
            deaths = 0 if self.ready.is_set() else deaths + 1
            self.ready.clear()
            if not self._stopped.wait(RESTART_SECONDS[min(deaths, len(RESTART_SECONDS) - 1)]):
                account.log.warning("%s ended with %s; starting it again", self._name, code)

    def _started(self) -> Process | None:
        with self._spawning:
            if self._stopped.is_set():
                return None
            self._process = self._spawn()
            return self._process

    def _look(self, process: Process) -> None:
        while process.pid is not None and not self._stopped.is_set():
            if self._answers():
                self.ready.set()
                return
            time.sleep(LOOK_SECONDS)
