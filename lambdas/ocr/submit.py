"""A dataset arrived in S3, or somebody asks for a run of it: one job is submitted, however often either happens."""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.ocr.runs import is_dataset
from lambdas.ocr.settings import SubmitSettings
from lambdas.ocr.submission import Answer, Submission
from loupe import contracts

logger = Logger(service="ocr.submit")
_processor = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """SQS batch of EventBridge events in, the ids of those to try again out; or one request in, its answer out."""
    if "Records" in event:
        return process_partial_response(event, _accept, _processor, context)
    request = contracts.check("ocr/submit_request", event)
    answer = _submission().asked(
        request["bucket"], request["key"], request.get("version_id"), request.get("options", {})
    )
    _log(request["key"], answer)
    return contracts.check("ocr/submit_answer", answer)


def _accept(record: SQSRecord) -> None:
    event = contracts.check("ocr/dataset_event", json.loads(record.body))
    bucket, dataset = event["detail"]["bucket"]["name"], event["detail"]["object"]
    if not is_dataset(dataset["key"]):
        logger.info("not a dataset", extra={"key": dataset["key"]})
        return
    _log(dataset["key"], _submission().arrived(bucket, dataset["key"], dataset.get("version-id", "null")))


def _log(key: str, answer: Answer) -> None:
    logger.info(answer["reason"] or answer["state"], extra={"key": key, **answer})


@cache
def _submission() -> Submission:
    return Submission(SubmitSettings.from_environ())
