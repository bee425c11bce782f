"""A program as a process group that ends with the engine: started, told to stop, killed, weighed."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from local import leash
from local.programs import Program, machine_path

LEASH = Path(leash.__file__)
MACHINE = ("HOME", "LANG", "TMPDIR")


class Process:
    """One running program and everything that it starts."""

    PIPE = subprocess.PIPE

    def __init__(
        self,
        program: Program,
        *,
        environment: dict[str, str],
        output: IO[bytes] | int,
        stop_seconds: float = leash.GRACE_SECONDS,
        held: tuple[int, ...] = (),
    ) -> None:
        """Start a program; the files `held` stay open, and so locked, until all of it has ended."""
        self._speaking = threading.Lock()
        machine = {name: os.environ[name] for name in MACHINE if name in os.environ}
        self._leash = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LEASH), str(stop_seconds), *program.command],
            cwd=program.directory,
            env={**machine, "PATH": machine_path(), **program.environment, **environment},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=held,
        )

    @property
    def output(self) -> IO[bytes]:
        """What it writes, when `output` was a pipe."""
        assert self._leash.stdout
        return self._leash.stdout

    @property
    def pid(self) -> int | None:
        """The process that holds the program, while there is one."""
        return self._leash.pid if self._leash.poll() is None else None

    def terminate(self) -> None:
        """Ask it to stop, and kill it when its time to stop is over."""
        self._say(leash.TERMINATE)

    def kill(self) -> None:
        """End it now."""
        self._say(leash.KILL)

    def release(self) -> None:
        """Let go of it, as the engine does when it ends: it has a moment to stop."""
        with self._speaking:
            assert self._leash.stdin
            self._leash.stdin.close()

    def wait(self) -> int:
        """Its exit code once it has ended; 128 and the signal's number when a signal ended it, as in a container."""
        code = self._leash.wait()
        self.release()
        if self._leash.stdout:
            self._leash.stdout.close()
        return code

    def memory_mib(self) -> float:
        """The memory that it and its children hold of their own; 0 where the machine does not tell."""
        return sum(_own_kib(pid) for pid in _family(self._leash.pid)[1:]) / 1024

    def _say(self, word: bytes) -> None:
        with self._speaking, contextlib.suppress(BrokenPipeError):
            assert self._leash.stdin
            if not self._leash.stdin.closed:
                os.write(self._leash.stdin.fileno(), word)


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    with contextlib.suppress(OSError):
        return [pid, *(one for file in children for child in file.read_text().split() for one in _family(int(child)))]
    return [pid]


def _own_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
    return 0
