"""On a schedule: jobs whose answer, upload or telling got lost are settled by what S3 and the clock say."""

import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.room_detection.jobs import Job
from lambdas.room_detection.settings import JobSettings
from lambdas.room_detection.settlement import Settlement, is_settled
from loupe.metrics import count

logger = Logger(service="room_detection.sweep")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Look at every job that is due; return how many were looked at. One bad job does not stop the others."""
    looked, failed = 0, 0
    for job in _settlement().jobs.unsettled():
        looked += 1
        try:
            _sweep(job)
        except Exception:
            failed += 1
            logger.exception("could not settle", extra={"job_id": job["job_id"]})
    if failed:
        raise RuntimeError(f"{failed} of {looked} jobs could not be settled; the log says which and why")
    return {"looked": looked}


def _sweep(job: Job) -> None:
    settlement = _settlement()
    if is_settled(job):
        settlement.tell(job)
    elif job["state"] == "RUNNING" and settlement.look(job):
        count("JobsSettledLate", "room_detection")
        logger.warning("settled without the endpoint's notification", extra={"job_id": job["job_id"]})
    elif time.time() >= job["deadline"]:
        settlement.fail(job, _overdue(job))
    else:
        settlement.wait(job)


def _overdue(job: Job) -> str:
    """Why a job that ran out of time failed."""
    if job["state"] == "UPLOADING":
        return "The upload never arrived."
    if job["state"] == "RUNNING":
        return "The endpoint gave no answer in time."
    return f"The blueprint could not be handed to the endpoint: {job.get('last_error', 'no attempt was made')}"


@cache
def _settlement() -> Settlement:
    return Settlement(JobSettings.from_environ())
