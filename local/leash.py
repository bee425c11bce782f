"""Runs one program in a process group of its own; ends the whole group when the engine lets go of stdin."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

GRACE_SECONDS = 3.0


def main(command: list[str]) -> int:
    """Run `command` until it ends or stdin closes; even an engine that was killed outright lets go of stdin."""
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: _stop(program))
    threading.Thread(target=_stop_when_released, args=(program,), daemon=True).start()
    code = program.wait()
    _signal(program, signal.SIGKILL)
    return code


def _stop_when_released(program: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    _stop(program)


def _stop(program: subprocess.Popen[bytes]) -> None:
    _signal(program, signal.SIGTERM)
    timer = threading.Timer(GRACE_SECONDS, _signal, (program, signal.SIGKILL))
    timer.daemon = True
    timer.start()


def _signal(program: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
