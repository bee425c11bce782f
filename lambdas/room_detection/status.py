"""GET /blueprints, /blueprints/{job} and /blueprints/{job}/rooms: a caller's own jobs and their answers."""

from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.room_detection.history import History
from lambdas.room_detection.settings import StatusSettings
from loupe.replies import Refusal, Reply, caller, content, refuse, reply

logger = Logger(service="room_detection.status")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Reply:
    """HTTP API event in, the checked answer or the error envelope out."""
    try:
        return _ROUTES[event["routeKey"]](event, event.get("queryStringParameters") or {})
    except Refusal as refused:
        return refuse(refused)


def _jobs(event: dict[str, Any], query: dict[str, str]) -> Reply:
    user, account = caller(event)
    if query.get("owner", "me") not in {"me", "account"}:
        raise Refusal(
            400, "invalid_request", "owner is me (jobs you asked for) or account (files copied to the bucket)."
        )
    owner = account if query.get("owner") == "account" else user
    return reply(200, "room_detection/job_list", _history().page(owner, query.get("limit", "20"), query.get("next")))


def _job(event: dict[str, Any], query: dict[str, str]) -> Reply:
    return reply(200, "room_detection/job", _history().job(event["pathParameters"]["job"], caller(event)))


def _rooms(event: dict[str, Any], query: dict[str, str]) -> Reply:
    job_id, name = event["pathParameters"]["job"], query.get("format", "json")
    content_type, body = _history().answer(job_id, caller(event), name)
    return content(200, content_type, body)


_ROUTES: dict[str, Callable[[dict[str, Any], dict[str, str]], Reply]] = {
    "GET /blueprints": _jobs,
    "GET /blueprints/{job}": _job,
    "GET /blueprints/{job}/rooms": _rooms,
}


@cache
def _history() -> History:
    return History(StatusSettings.from_environ())
