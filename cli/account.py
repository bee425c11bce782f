"""The AWS of one environment: an account, or the laptop's engine. All that differs between them is here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cli.trouble import Trouble
from local.laptop import HOME, Laptop

ENVIRONMENTS = ("laptop", "dev", "staging", "prod")
PATIENT = Config(
    max_pool_connections=32,  # as many as any command has threads
    retries={"mode": "standard", "total_max_attempts": 8},
)


@dataclass(frozen=True)
class Account:
    """Where an environment is deployed, used with the session's own rights: on the laptop its account's root."""

    environment: str
    session: boto3.Session
    laptop: Laptop | None = None

    def client(self, service: str) -> Any:
        """An SDK client of a service."""
        if self.laptop:
            return self.laptop.client(service)
        return self.session.client(service, config=PATIENT)  # type: ignore[call-overload]  # any service

    def parameter(self, name: str) -> str:
        """What a stack told about itself; Trouble where the environment is not deployed or cannot be asked."""
        path = f"/loupe/{self.environment}/{name}"
        try:
            return str(self.client("ssm").get_parameter(Name=path)["Parameter"]["Value"])
        except (BotoCoreError, ClientError) as error:
            if self.laptop:
                said = "The laptop's engine runs without the platform: deploy it with `loupe local up`."
                raise Trouble(said) from error
            raise _unreachable(f"{self.environment} cannot be reached (SSM parameter {path})", error) from error

    @contextmanager
    def asked(self) -> Iterator[None]:
        """What AWS refuses is one sentence."""
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            said = " ".join(str(error).split()).rstrip(".")
            raise Trouble(f"AWS does not do what {self.environment} is asked: {said}.") from error


def account(environment: str | None) -> Account:
    """The environment by name; without one, the laptop's running engine."""
    if environment in {None, "laptop"}:
        return _laptop(named=environment is not None)
    if environment not in ENVIRONMENTS:
        raise Trouble(f"There is no environment {environment!r}: choose one of {', '.join(ENVIRONMENTS)}.")
    try:
        return Account(str(environment), boto3.Session())
    except BotoCoreError as error:
        raise _unreachable(f"{environment} cannot be reached", error) from error


def laptop_account(laptop: Laptop) -> Account:
    return Account("laptop", laptop.session(), laptop)


def laptop_home() -> Path:
    return Path(os.environ.get("LOUPE_HOME", HOME))


def _laptop(*, named: bool) -> Account:
    laptop = Laptop(laptop_home())
    if not laptop.status().running:
        other = "" if named else " or name an account's environment with --env"
        raise Trouble(f"Loupe does not run on this laptop: start it with `loupe local up`{other}.")
    return laptop_account(laptop)


def _unreachable(what: str, error: Exception) -> Trouble:
    advice = "Sign in again, or choose an account and region with AWS_PROFILE and AWS_REGION."
    if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ParameterNotFound":
        advice = "Deploy it to this account and region, or choose others with AWS_PROFILE and AWS_REGION."
    return Trouble(f"{what}: {str(error).rstrip('.')}. {advice}")
