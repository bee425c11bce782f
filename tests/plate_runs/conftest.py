"""A small archive for each test, what an undisturbed run leaves of it, and the slice on the laptop."""

from pathlib import Path

import pytest

from local.laptop import Laptop
from tests.plate_runs.archives import archive, measure, tree
from tests.plate_runs.platform import Plates


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return archive(tmp_path / "plates")


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run leaves of six plates."""
    folder = archive(tmp_path_factory.mktemp("honest"))
    measure(folder)
    return tree(folder)


@pytest.fixture(scope="module")
def plates(running_laptop: Laptop) -> Plates:
    """The slice on the laptop."""
    return Plates(running_laptop)
