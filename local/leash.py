"""Runs one program in a process group of its own; ends the whole group when the engine says so or lets go of stdin."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 3.0
TERMINATE = b"t"
KILL = b"k"


def main(stop_seconds: float, command: list[str]) -> int:
    """Run `command` until it ends, is told to or stdin closes; even an engine that was killed lets go of stdin."""
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: _stop(program, GRACE_SECONDS))
    threading.Thread(target=_obey, args=(program, stop_seconds), daemon=True).start()
    code = program.wait()
    _signal(program, signal.SIGKILL)
    return code if code >= 0 else 128 - code


def _obey(program: subprocess.Popen[bytes], stop_seconds: float) -> None:
    """Words come by stdin: unlike a signal, one that comes before the program runs is not lost."""
    while words := os.read(sys.stdin.fileno(), 1024):
        if TERMINATE in words:
            _stop(program, stop_seconds)
        if KILL in words:
            _signal(program, signal.SIGKILL)
    _stop(program, GRACE_SECONDS)


def _stop(program: subprocess.Popen[bytes], grace_seconds: float) -> None:
    _signal(program, signal.SIGTERM)
    timer = threading.Timer(grace_seconds, _signal, (program, signal.SIGKILL))
    timer.daemon = True
    timer.start()


def _signal(program: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, number)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
