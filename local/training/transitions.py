"""The secondary statuses of a training job, each with its times."""

from local.models import Record

MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training job is in progress",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
}


def entered(detail: Record, status: str, now: float) -> Record:
    """What changes in a description when a job enters a secondary status."""
    *before, last = detail["SecondaryStatusTransitions"]
    if last["Status"] == status:
        return {}
    ended = [*before, {**last, "EndTime": now}]
    return {
        "SecondaryStatus": status,
        "SecondaryStatusTransitions": [*ended, {"Status": status, "StartTime": now, "StatusMessage": MESSAGES[status]}],
    }


def finished(detail: Record, status: str, now: float) -> Record:
    """What changes in a description when a job enters its last secondary status."""
    changes = entered(detail, status, now)
    changes["SecondaryStatusTransitions"][-1]["EndTime"] = now
    return changes
