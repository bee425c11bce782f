"""A leg of the night's verification; when nothing is left to compare, what is damaged is counted and told."""

import json
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.archive import clients
from lambdas.archive.bucket import S3Objects
from lambdas.archive.nights import Night, notification
from lambdas.archive.reference import FOLDER
from lambdas.archive.settings import VerifySettings
from loupe import contracts
from loupe.artifacts import open_artifacts

logger = Logger(service="archive.verify")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """The execution and where to go on in; the next leg out, or the report."""
    asked = contracts.check("archive/verify_request", event)
    url = f"s3://{_settings().project_bucket}"
    project, reference = (open_artifacts(place, clients.s3()) for place in (url, f"{url}/{FOLDER}"))
    night = Night(S3Objects(url, clients.s3()), project, reference, asked)
    leg = night.go_on(_settings().leg_seconds)
    if leg.report:
        _tell(f"{url}/{leg.report}", night.told(leg.report))
    logger.info("walked", extra=leg.message())
    return leg.message()


def _tell(report: str, told: dict[str, Any]) -> None:
    _count("ObjectsVerified", told["objects"])
    _count("ObjectsDamaged", len(told["damage"]))
    if message := notification(report, told):
        clients.sns().publish(
            TopicArn=_settings().notification_topic,
            Subject=f"Verification of {told['date']}: {'damage' if told['damage'] else 'nothing compared'}",
            Message=json.dumps(contracts.check("archive/notification", message), ensure_ascii=False),
        )


def _count(name: str, value: float) -> None:
    with single_metric(name=name, unit=MetricUnit.Count, value=value, namespace="Loupe") as metric:
        metric.add_dimension(name="slice", value="archive")


@cache
def _settings() -> VerifySettings:
    return VerifySettings.from_environ()
