"""Things that happen in their own time on a machine that may be slow."""

import time
from collections.abc import Callable


def eventually(happened: Callable[[], object], seconds: float = 120) -> None:
    assert happens(happened, seconds), f"it did not happen within {seconds} s"


def happens(happened: Callable[[], object], seconds: float) -> bool:
    """Whether something happens within so many seconds; what takes long is asked for less often."""
    begun = time.monotonic()
    while not happened():
        if (waited := time.monotonic() - begun) > seconds:
            return False
        time.sleep(min(1.0, 0.05 + waited / 10))
    return True
