"""Things that happen in their own time on a machine that may be slow."""

import time
from collections.abc import Callable


def eventually(happened: Callable[[], object], seconds: float = 120) -> None:
    assert happens(happened, seconds), f"it did not happen within {seconds} s"


def happens(happened: Callable[[], object], seconds: float) -> bool:
    """Whether something happens within so many seconds."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
