"""The key of a service that the laptop stands in for, and how a deployed stack learns it: by the stack's own secret."""

import contextlib
import json
import secrets
from pathlib import Path
from typing import Any

import boto3

PARAMETER = "/loupe/laptop/{name}/secret"
LOOPBACK = "http://127.0.0.1:"
OWNER_ONLY = 0o600


def key_file(home: Path, name: str) -> Path:
    """Where this home keeps the key of a stand-in; the key is made when it is first looked for."""
    file = home / "stand_ins" / f"{name}.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        draft.touch(OWNER_ONLY)
        draft.write_text(secrets.token_urlsafe(32))
        draft.replace(file)
    return file


def introduce(name: str, *, url: str, key: str, session: boto3.Session, engine: str) -> None:
    """Put a stand-in's address and key into the secret of its slice, unless that holds somebody else's."""
    parameters = session.client("ssm", endpoint_url=engine)
    with contextlib.suppress(parameters.exceptions.ParameterNotFound):
        secret = parameters.get_parameter(Name=PARAMETER.format(name=name))["Parameter"]["Value"]
        _fill_in(secret, url, key, session.client("secretsmanager", endpoint_url=engine))


def _fill_in(secret: str, url: str, key: str, vault: Any) -> None:
    with contextlib.suppress(vault.exceptions.ResourceNotFoundException):
        known = _read(vault.get_secret_value(SecretId=secret).get("SecretString", ""))
        if known.get("key") == "" or _ours(known, key, other_than=url):
            vault.put_secret_value(SecretId=secret, SecretString=json.dumps({**known, "url": url, "key": key}))


def _read(text: str) -> dict[str, Any]:
    """What a secret holds; nothing where its owner writes it in a way of his own."""
    with contextlib.suppress(ValueError):
        known = json.loads(text)
        if isinstance(known, dict):
            return known
    return {}


def _ours(known: dict[str, Any], key: str, *, other_than: str) -> bool:
    """Whether a secret holds our key and an address that was ours before."""
    address = str(known.get("url"))
    return known.get("key") == key and address.startswith(LOOPBACK) and address != other_than
