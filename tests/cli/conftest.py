"""An archive that was measured, in a folder of its own for each test, and stand-ins for AWS and the HTTP API."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import responses
from moto import mock_aws
from typer.testing import CliRunner

from cli import room_detection
from cli.connection import Connection
from cli.main import app
from tests.cli.jobs import API, Commands
from tests.cli.plates import MEASURED, account
from tests.plate_runs.archives import measured


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return measured(tmp_path_factory.mktemp("honest") / "birds", MEASURED)


@pytest.fixture
def birds(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "birds"))


@pytest.fixture
def s3() -> Iterator[Any]:
    """S3 of an account with the environment `dev`."""
    with mock_aws():
        yield account()


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as stand_in:
        yield stand_in


@pytest.fixture
def loupe(monkeypatch: pytest.MonkeyPatch, api: responses.RequestsMock) -> Commands:
    """Run a command against the stand-in; trouble that it meets is in `.exception`."""
    session = boto3.Session("key", "secret", region_name="us-east-1")
    monkeypatch.setattr(room_detection, "connect", lambda _: Connection("test", API, session))
    return lambda *words: CliRunner().invoke(app, ["room-detection", *map(str, words)])
