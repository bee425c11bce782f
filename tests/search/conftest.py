"""A version of a small deck in a folder; and the slice on the laptop."""

from pathlib import Path

import pytest

from containers.search import assembly, recall
from containers.search.build import build
from local.laptop import Laptop
from loupe.reference import Reference, Version
from tests.search.cards import Deck, deck
from tests.search.platform import Search


@pytest.fixture
def cards(tmp_path: Path) -> Deck:
    return deck(tmp_path / "deck")


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    return Reference(str(tmp_path / "reference"))


@pytest.fixture
def version(cards: Deck, reference: Reference) -> Version:
    return build(reference, cards.inputs, version="first")


@pytest.fixture
def celled(cards: Deck, reference: Reference, monkeypatch: pytest.MonkeyPatch) -> Version:
    """A version with cells, however small it is and however little they spare."""
    monkeypatch.setattr(assembly, "SMALL_BYTES", 0)
    monkeypatch.setattr(recall, "LARGEST_PROOF", 1)
    return build(reference, cards.inputs, version="celled")


@pytest.fixture(scope="module")
def search(running_laptop: Laptop) -> Search:
    return Search(running_laptop)
