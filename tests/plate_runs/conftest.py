"""A small archive for each test, and what an undisturbed run leaves of it."""

from pathlib import Path

import pytest

from tests.plate_runs.archives import archive, measure, tree


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return archive(tmp_path / "plates")


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run leaves of six plates."""
    folder = archive(tmp_path_factory.mktemp("honest"))
    measure(folder)
    return tree(folder)
