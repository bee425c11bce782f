"""The bundle's flat modules as a bundle has them, and the slice on the laptop."""

import sys
from pathlib import Path

import pytest

from examples import passengers
from local.laptop import Laptop
from loupe import archives
from tests.model_build.bundles import Repository
from tests.model_build.platform import Builds

sys.modules.setdefault("archives", archives)  # in a bundle it lies beside them


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two small tables of invented passengers."""
    return passengers.write(tmp_path_factory.mktemp("tables"), 240)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture(scope="module")
def builds(running_laptop: Laptop) -> Builds:
    """The slice on the laptop."""
    return Builds(running_laptop)
