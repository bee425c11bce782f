"""A blueprint arrived in S3: its job is made once and handed to the endpoint once, however often the event comes."""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.room_detection.blueprints import Arrival
from lambdas.room_detection.handover import Handover
from lambdas.room_detection.settings import TriggerSettings
from loupe import contracts

logger = Logger(service="room_detection.trigger")
_processor = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """SQS batch of EventBridge events in, the ids of the messages to try again out."""
    return process_partial_response(event, _accept, _processor, context)


def _accept(record: SQSRecord) -> None:
    event = contracts.check("room_detection/blueprint_event", json.loads(record.body))
    blueprint = event["detail"]["object"]
    arrival = Arrival(
        bucket=event["detail"]["bucket"]["name"],
        key=blueprint["key"],
        version_id=blueprint.get("version-id", "null"),
        size=blueprint["size"],
        account=event["account"],
    )
    job_id = _handover().accept(arrival)
    logger.info("accepted" if job_id else "nothing to do", extra={"job_id": job_id, "key": arrival.key})


@cache
def _handover() -> Handover:
    return Handover(TriggerSettings.from_environ())
