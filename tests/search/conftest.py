"""The slice on the laptop."""

import pytest

from local.laptop import Laptop
from tests.search.platform import Search


@pytest.fixture(scope="module")
def search(running_laptop: Laptop) -> Search:
    return Search(running_laptop)
