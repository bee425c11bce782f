"""The `secrets` of a task in, variables out, read as its execution role."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.seams import access

ARN_PARTS = 7
Clients = Callable[[str], Any]


class NoSecret(Exception):
    """A secret that the execution role cannot read; the text says why and holds no value."""


def read(secrets: dict[str, str], client: Clients, *, may_decrypt: Callable[[str], bool]) -> dict[str, str]:
    """The value of every variable; its source is a secret, a JSON key of one, or a parameter."""
    for source in secrets.values():
        key = access.key_of_secret(_arn(source))
        if key.startswith("arn:") and not may_decrypt(key):
            raise NoSecret(f"unable to retrieve secret from {source}: Access to KMS is not allowed")
    return {name: _value(source, client) for name, source in secrets.items()}


def _value(source: str, client: Clients) -> str:
    try:
        if source.startswith("arn:aws:secretsmanager:"):
            return _secret(source, client)
        name = source.partition(":parameter")[2] or source
        return str(client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except (BotoCoreError, ClientError) as error:
        raise NoSecret(f"unable to retrieve secret from {source}: {error}") from error


def _secret(source: str, client: Clients) -> str:
    """Secret ARN, then optionally `:JSON key:version stage:version id`."""
    key, stage, version = [*source.split(":")[ARN_PARTS:], "", "", ""][:3]
    which = {name: value for name, value in (("VersionStage", stage), ("VersionId", version)) if value}
    text = str(client("secretsmanager").get_secret_value(SecretId=_arn(source), **which)["SecretString"])
    return _of_key(text, key, source) if key else text


def _arn(source: str) -> str:
    return ":".join(source.split(":")[:ARN_PARTS])


def _of_key(text: str, key: str, source: str) -> str:
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        raise NoSecret(f"retrieved secret from {source} did not contain json key {key}") from None
    return value if isinstance(value, str) else json.dumps(value)
