"""The tree's contract: every key has one place, and what is written once there is never let go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.archive.tree import Place, tree

PLACES = tree().places
NAMES = [place.name for place in PLACES]
segments = st.text(alphabet=st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=12)


@pytest.mark.parametrize("place", PLACES, ids=NAMES)
def test_the_example_of_a_place_belongs_to_it(place: Place) -> None:
    assert tree().place_of(place.example) is place


@pytest.mark.parametrize("place", PLACES, ids=NAMES)
def test_all_keys_of_a_place_begin_with_its_prefix(place: Place) -> None:
    assert all(key.startswith(place.prefix) for key in place.keys)


def test_places_have_names_of_their_own() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize(
    "key",
    [
        "data/raw/",
        "data/reference/embeddings.npy",
        "data/reference/2026/deeper/embeddings.npy",
        "models/student.onnx",
        "plates/birds/plates_structured/plate-1/source/plate-1.jpg",
        "plates/birds/notes.txt",
        "pipeline/code/4f3efd4/other.tar.gz",
        "analytics/metrics/other.csv",
        "somewhere.txt",
        "",
    ],
)
def test_what_belongs_nowhere_has_no_place(key: str) -> None:
    assert tree().place_of(key) is None


@given(version=segments, file=segments)
def test_a_name_may_hold_anything_but_a_slash(version: str, file: str) -> None:
    found = tree().place_of(f"data/reference/{version}/{file}")
    assert found is not None
    assert found.name == "reference"


@pytest.mark.parametrize("place", [place for place in PLACES if place.immutable], ids=lambda place: place.name)
def test_what_is_written_once_is_kept_for_ever(place: Place) -> None:
    assert (place.expire_days, place.noncurrent_days, place.transitions) == (None, None, ())
