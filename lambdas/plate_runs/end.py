"""An execution ends: what became of its run is told, and why where it is not whole."""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.plate_runs.ending import ending
from lambdas.plate_runs.settings import EndSettings
from loupe import clients, contracts

logger = Logger(service="plate_runs.end")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """What an execution has come to in; the notification out, as it was published."""
    told = contracts.check("plate_runs/end_request", event)
    notification = contracts.check("plate_runs/notification", ending(told["execution"], told["ended"]))
    clients.sns().publish(
        TopicArn=_settings().notification_topic,
        Subject=f"Plate run {notification['state'].lower()}: {notification['run_id'] or 'not begun'}",
        Message=json.dumps(notification, ensure_ascii=False),
    )
    logger.info("told", extra=notification)
    return notification


@cache
def _settings() -> EndSettings:
    return EndSettings.from_environ()
