"""Why a job left its run incomplete, in words, from what Batch says of it."""

from collections.abc import Iterator, Mapping
from typing import Any

INTERRUPTED = 75


def reason(job: Mapping[str, Any]) -> str:
    """One sentence or two; the job is the `detail` of Batch's event."""
    said = str(job.get("statusReason") or "Batch does not say why.")
    container = next(_containers(job), {})
    code = container.get("exitCode")
    if code == INTERRUPTED:
        return f"The run was interrupted and goes on where it stopped when it is submitted again. {said}"
    if job["status"] == "SUCCEEDED":
        return "The job ended well and left no manifest."
    ended = f"The program ended with exit code {code}." if code is not None else "The program did not run."
    stream = log_stream(job)
    return " ".join(filter(None, [ended, said, container.get("reason"), stream and f"Its log is {stream}."]))


def log_stream(job: Mapping[str, Any]) -> str | None:
    """Where the last attempt's container wrote, if it ran."""
    found = next(_containers(job), {}).get("logStreamName")
    return str(found) if found else None


def _containers(job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The last attempt's container first, wherever Batch puts it."""
    for place in [*reversed(job.get("attempts", [])), job.get("ecsProperties", {}), job]:
        for task in place.get("taskProperties", []):
            yield from task.get("containers", [])
        if place.get("container"):
            yield place["container"]
