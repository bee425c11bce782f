"""Between services: topics to subscriptions, objects to events."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, s3, sns


def wrap_fanout(wrap: Callable[[Callable[[], None]], None]) -> None:
    """Let `wrap` decide how often a published message goes to its subscriptions."""
    fan_out = sns._fanout
    sns._fanout = lambda *arguments, **named: wrap(lambda: fan_out(*arguments, **named))


def name_object_versions() -> None:
    """Give S3's EventBridge events the `version-id` that AWS sends and ministack leaves out."""
    version: ContextVar[str | None] = ContextVar("version", default=None)
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fired(*arguments: Any, version_id: str | None = None, **named: Any) -> None:
        version.set(version_id)
        fire(*arguments, version_id=version_id, **named)
        version.set(None)

    def dispatched(event: dict[str, Any], *rest: Any, **named: Any) -> Any:
        if event.get("Source") == "aws.s3" and version.get():
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version.get()
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *rest, **named)

    s3._fire_s3_event, eventbridge._dispatch_event = fired, dispatched
