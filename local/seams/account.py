"""The laptop's one account and region, and the shapes that its services share."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

ACCOUNT = "000000000000"
REGION = "us-east-1"

Properties = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Service = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]

log = logging.getLogger("loupe.engine")


class OnDenied(Protocol):
    """Told of something that policies do not allow."""

    def __call__(self, *, principal: str, action: str, resource: str, message: str) -> None: ...


def arn(service: str, resource: str) -> str:
    """The ARN of one of this laptop's own resources."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
