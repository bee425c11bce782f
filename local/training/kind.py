"""Training, as a kind of job."""

import time

from local.jobs.kind import Kind
from local.jobs.outcome import OUT_OF_TIME, Outcome
from local.models import Record
from local.training.details import new_job
from local.training.instance import Instance
from local.training.transitions import entered, finished


def _beside(detail: Record, status: str, outcome: Outcome | None) -> Record:
    """The secondary status beside a status and, at a job's end, its reason and times."""
    now = time.time()
    if outcome is None:
        return entered(detail, status, now) if status == "Stopping" else {}
    seconds = int(now - detail.get("TrainingStartTime", now))
    times = {"TrainingEndTime": now, "TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
    reason = {"FailureReason": outcome.reason} if outcome.reason else {}
    secondary = "MaxRuntimeExceeded" if outcome.why == OUT_OF_TIME else status
    return {**finished(detail, secondary, now), **times, **reason}


TRAINING = Kind(make=new_job, instance=Instance, beside=_beside)
