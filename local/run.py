"""One run of a job's program: started, followed to its end, and ended from any thread, even before it starts."""

import threading
from typing import NamedTuple

from local.processes import Process
from local.programs import Program
from local.task_log import TaskLog


class Ending(NamedTuple):
    """Why a run was ended; a `final` reason replaces one that is not."""

    why: str
    final: bool


class Run:
    """One program, which runs while a thread is in `watch`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: Process | None = None
        self.ending: Ending | None = None

    def start(self, program: Program, *, environment: dict[str, str], stop_seconds: float, held: int) -> bool:
        """Start the program, unless the run has been ended already."""
        with self._lock:
            if self.ending is None:
                self._process = Process(
                    program,
                    environment=environment,
                    output=Process.PIPE,
                    stop_seconds=stop_seconds,
                    held=(held,),
                )
        return self._process is not None

    def watch(self, log: TaskLog, *, seconds: float | None, out_of_time: str) -> int:
        """Pass on what the program writes until it ends; answer its exit code."""
        assert self._process
        timer = threading.Timer(seconds or 0, self.end, (out_of_time,), {"final": True})
        timer.daemon = True
        if seconds:
            timer.start()
        log.drain(self._process.output)
        code = self._process.wait()
        timer.cancel()
        return code

    def end(self, why: str, *, final: bool) -> None:
        """Ask the program to stop and kill it when its time to stop is over."""
        if process := self._because(why, final=final):
            process.terminate()

    def kill(self, why: str) -> None:
        """End the program now."""
        if process := self._because(why, final=False):
            process.kill()

    def release(self, why: str) -> None:
        """Let go of the program because the engine ends."""
        if process := self._because(why, final=False):
            process.release()

    def memory_mib(self) -> float:
        """The memory that the program and its children hold of their own."""
        return self._process.memory_mib() if self._process else 0

    def _because(self, why: str, *, final: bool) -> Process | None:
        with self._lock:
            if self.ending is None or final:
                self.ending = Ending(why, final)
            return self._process
