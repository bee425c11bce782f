"""An execution begins: its run gets an id that no other has, and as many shards as its plates are worth."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.plate_runs.beginning import Runs
from lambdas.plate_runs.settings import StartSettings
from loupe import contracts

logger = Logger(service="plate_runs.start")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """The execution and its input in; the run and its shards out, the same ones again for the same execution."""
    asked = contracts.check("plate_runs/start_request", event)
    answer = contracts.check("plate_runs/start_answer", _runs().begin(asked))
    logger.info("begun", extra=answer)
    return answer


@cache
def _runs() -> Runs:
    return Runs(StartSettings.from_environ())
