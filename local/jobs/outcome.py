"""How a job ended, whatever it was to do."""

from dataclasses import dataclass

STOPPED, OUT_OF_TIME, LOST = "stopped", "out of time", "lost"
ENDED = ("Completed", "Failed", "Stopped")
LONGEST_REASON = 1024
LOST_REASON = "InternalServerError: We encountered an internal error. Please try again."


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of a job: `why` it did not end by itself, `message` is what its program left to be told."""

    status: str
    why: str = ""
    reason: str = ""
    message: str = ""


def exited(code: int, message: str, *, text: str) -> Outcome:
    """The outcome of a program that ended by itself; `text` says what is known of a failure."""
    if code == 0:
        return Outcome(status="Completed", message=message)
    reason = f"AlgorithmError: {text}"[: LONGEST_REASON - 20] + f", exit code: {code}"
    return Outcome(status="Failed", reason=reason, message=message)


def ended(why: str, message: str = "") -> Outcome:
    """The outcome of a job that did not end by itself."""
    if why == LOST:
        return Outcome(status="Failed", why=why, reason=LOST_REASON, message=message)
    return Outcome(status="Stopped", why=why, message=message)
