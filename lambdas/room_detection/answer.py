"""The endpoint answered or failed: the answer is checked and kept, the job ends, the ending is told; each once."""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.room_detection.settings import JobSettings
from lambdas.room_detection.settlement import Settlement, is_settled
from loupe import contracts

logger = Logger(service="room_detection.answer")
_processor = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """SQS batch of the endpoint's notifications in, the ids of the messages to try again out."""
    return process_partial_response(event, _settle, _processor, context)


def _settle(record: SQSRecord) -> None:
    event = contracts.check("room_detection/endpoint_event", json.loads(record.body))
    settlement, job_id = _settlement(), event["inferenceId"]
    job = settlement.jobs.get(job_id)
    if job is None or is_settled(job):
        logger.info("nothing to settle", extra={"job_id": job_id, "known": job is not None})
    elif event["invocationStatus"] == "Completed":
        settlement.succeed(job, event["responseParameters"]["outputLocation"])
    else:
        settlement.fail_as_told(job, job.get("failure_location"), event.get("failureReason", ""))


@cache
def _settlement() -> Settlement:
    return Settlement(JobSettings.from_environ())
