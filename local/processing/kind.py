"""Processing, as a kind of job."""

import time

from local.jobs.kind import Kind
from local.jobs.outcome import OUT_OF_TIME, Outcome
from local.models import Record
from local.processing.details import new_job
from local.processing.instance import Instance


def _beside(_detail: Record, _status: str, outcome: Outcome | None) -> Record:
    """What the end of a processing job adds to its description."""
    if outcome is None:
        return {}
    expired = "ClientError: The job ran longer than its MaxRuntimeInSeconds." if outcome.why == OUT_OF_TIME else ""
    told = {"FailureReason": outcome.reason or expired, "ExitMessage": outcome.message}
    return {**{name: text for name, text in told.items() if text}, "ProcessingEndTime": time.time()}


PROCESSING = Kind(make=new_job, instance=Instance, beside=_beside)
