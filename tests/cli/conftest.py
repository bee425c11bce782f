"""An archive that was measured, in a folder of its own for each test, and an account that stands in for AWS."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from containers.plate_runs.ledger import build_ledger
from tests.cli.plates import MEASURED, account
from tests.plate_runs.archives import archive, measure


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a run and its ledger."""
    folder = archive(tmp_path_factory.mktemp("honest") / "birds", MEASURED)
    measure(folder)
    build_ledger(str(folder))
    return folder


@pytest.fixture
def birds(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "birds"))


@pytest.fixture
def s3() -> Iterator[Any]:
    """S3 of an account with the environment `dev`."""
    with mock_aws():
        yield account()
