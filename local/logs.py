"""Function output, line by line, in the engine's log: what CloudWatch Logs would show."""

import logging

from local.seams import functions

log = logging.getLogger("loupe.function")


def install() -> None:
    """Copy the output of every invocation to the engine's log."""
    functions.watch_function_output(_write)


def _write(function: str, output: str) -> None:
    for line in output.splitlines():
        log.info("%s: %s", function, line)
