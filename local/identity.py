"""A role in, what acts as it out: SDK clients for the engine, variables for a program."""

import threading
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from local.seams import access, account

_MAKING = threading.Lock()


def session(role: str, name: str) -> boto3.Session:
    """An SDK session whose every call is subject to the role's policies."""
    keys = access.role_credentials(role, name)
    return boto3.Session(
        keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"], account.REGION
    )


def client(service: str, *, role: str, name: str, url: str) -> Any:
    """An SDK client as the role; making one takes time, and only one thread may, so each is made once."""
    with _MAKING:
        return _client(service, role, name, url)


def variables(role: str, name: str, *, url: str) -> dict[str, str]:
    """What an AWS SDK in a program needs to act as the role on this laptop."""
    return {**access.role_credentials(role, name), **place(url)}


def place(url: str) -> dict[str, str]:
    """Where AWS is, for a program without a role."""
    return {"AWS_REGION": account.REGION, "AWS_DEFAULT_REGION": account.REGION, "AWS_ENDPOINT_URL": url}


@cache
def _client(service: str, role: str, name: str, url: str) -> Any:
    config = Config(retries={"total_max_attempts": 2})
    return session(role, name).client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]  # any service
