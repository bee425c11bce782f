"""Once a night: what is stored, what it costs and what models there are, written to analytics/metrics/."""

from functools import cache
from pathlib import PurePosixPath
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.archive import clients
from lambdas.archive.costs import Machines
from lambdas.archive.platform import Platform
from lambdas.archive.settings import METRICS, MetricsSettings

logger = Logger(service="archive.metrics")
_TYPES = {".csv": "text/csv; charset=utf-8", ".json": "application/json", ".html": "text/html; charset=utf-8"}


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Whatever asks for it in; the summary out, as it was written."""
    found = _platform().figures()
    for name, body in found.files().items():
        clients.s3().put_object(
            Bucket=_settings().project_bucket,
            Key=f"{METRICS}{name}",
            Body=body,
            ContentType=_TYPES[PurePosixPath(name).suffix],
        )
    summary = found.summary()
    logger.info("written", extra={"summary": summary})
    return summary


@cache
def _settings() -> MetricsSettings:
    return MetricsSettings.from_environ()


def _platform() -> Platform:
    settings = _settings()
    buckets = {
        "blueprints": settings.blueprints_bucket,
        "results": settings.results_bucket,
        "project": settings.project_bucket,
    }
    machines = Machines(
        endpoint=settings.endpoint_instance,
        processing=settings.processing_instance,
        ocr_vcpu=settings.ocr_vcpu,
        ocr_memory_gib=settings.ocr_memory_gib,
        usd_per_page=settings.usd_per_page,
    )
    groups = settings.model_groups.split(",")
    return Platform(clients.s3(), clients.sagemaker(), buckets=buckets, groups=groups, machines=machines)
