"""A job ended: whether its run is complete is what S3 says, and that is told once."""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.ocr import clients
from lambdas.ocr.notifications import Notifications, one_line
from lambdas.ocr.reasons import reason
from lambdas.ocr.records import Records
from lambdas.ocr.results import is_complete
from lambdas.ocr.runs import JOB_PREFIX
from lambdas.ocr.settings import RunSettings
from loupe import contracts

logger = Logger(service="ocr.ending")
_processor = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """SQS batch of Batch's events in, the ids of the messages to try again out."""
    return process_partial_response(event, _tell, _processor, context)


def _tell(record: SQSRecord) -> None:
    job = contracts.check("ocr/job_event", json.loads(record.body))["detail"]
    settings, records, notifications = _tools()
    run_id = job["jobName"].removeprefix(JOB_PREFIX)
    run = records.get(run_id)
    if run is None:
        logger.warning("a job of no run", extra={"job_id": job["jobId"], "job_name": job["jobName"]})
        return
    folder = run["output"].removeprefix(f"s3://{settings.results_bucket}/")
    complete = is_complete(settings.results_bucket, folder)
    told = notifications.tell(
        {
            "run_id": run_id,
            "state": "SUCCEEDED" if complete else "FAILED",
            "dataset": run["dataset"],
            "version_id": run["version_id"],
            "output": run["output"],
            "job_id": job["jobId"],
            "reason": None if complete else one_line(reason(job)),
        }
    )
    logger.info("told" if told else "nothing to tell", extra={"run_id": run_id, "job_id": job["jobId"]})


@cache
def _tools() -> tuple[RunSettings, Records, Notifications]:
    settings = RunSettings.from_environ()
    records = Records(clients.table(settings.runs_table), memory_days=settings.run_memory_days)
    return settings, records, Notifications(settings, records)
