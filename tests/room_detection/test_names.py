"""Words on a page, in the rooms they lie in, are what the plan calls them."""

import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.room_detection.names import LONGEST_NAME, Word, names
from loupe.contracts import check
from tests.room_detection.conftest import ROOM, ROOMS

HALL = {"polygon": [[0, 0], [400, 0], [400, 300], [0, 300]]}
YARD = {**HALL, "holes": [[[100, 100], [300, 100], [300, 200], [100, 200]]]}


def word(text: str, left: float = 10, top: float = 10, *, turns: int = 0) -> Word:
    """Ten pixels a letter, twenty high, turned clockwise about its upper left corner."""
    right, bottom = 10 * max(1, len(text)), 20
    corners = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], float)
    for _ in range(turns):
        corners = np.column_stack([-corners[:, 1], corners[:, 0]])
    return Word(text, corners + np.array([left, top]))


def line(text: str) -> list[Word]:
    """Its words side by side."""
    starts = np.cumsum([10, *(10 * len(part) + 5 for part in text.split())])
    return [word(part, float(start)) for part, start in zip(text.split(), starts, strict=False)]


def name(*words: Word, room: dict[str, Any] = HALL) -> str | None:
    return names(words, [room])[0]


def test_words_are_read_line_by_line_from_left_to_right() -> None:
    words = [word("ROOM", 80, 14), word("hall", 60, 41), word("LIVING", 10, 10), word("and", 10, 38)]
    assert name(*words) == "LIVING ROOM and hall"


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_upright_words_are_read_in_their_own_direction(turns: int) -> None:
    along = {1: (0, 1), 2: (-1, 0), 3: (0, -1)}[turns]
    first, second = (
        word("GUEST", 200, 150, turns=turns),
        word("ROOM", 200 + 60 * along[0], 150 + 60 * along[1], turns=turns),
    )
    assert name(second, first) == "GUEST ROOM"


def test_a_word_names_the_room_that_its_centre_lies_in() -> None:
    other = {"polygon": [[400, 0], [800, 0], [800, 300], [400, 300]]}
    words = [word("Kitchen", 340, 50), word("Bath", 390, 90), word("Street", 500, 400)]
    assert names(words, [HALL, other]) == ["Kitchen", "Bath"]


def test_a_word_in_a_hole_is_not_of_the_room() -> None:
    assert name(word("Lift", 180, 140), word("Corridor", 20, 20), room=YARD) == "Corridor"


def test_a_room_without_words_has_no_name() -> None:
    assert names([], [HALL, YARD]) == [None, None]


AREAS = ["12.5 m²", "12,5m2", "(12.5 m²)", "120 sq ft", "120 sq.ft.", "14㎡", "８帖", "m²"]
DIMENSIONS = [
    "3,45 x 2.10",
    "3.45x2.10",
    "2.50 m x 3.10 m",
    "9'10\" x 8'2\"",
    "9' 10\" \N{MULTIPLICATION SIGN} 8' 2\"",
    "5 * 4",
]
NUMBERS = ["12.5", "42", "±0.00", "+2.80", "1:100", "H=2.50", "H = 2.50", "-"]


@pytest.mark.parametrize("text", AREAS + DIMENSIONS + NUMBERS)
def test_areas_dimensions_and_numbers_are_no_names(text: str) -> None:
    assert name(*line(text)) is None
    assert name(Word(text, word(text).corners)) is None
    assert name(*line(f"Kitchen {text}" if not text.isdecimal() else f"{text} Kitchen")) == "Kitchen"


def test_a_line_that_is_a_unit_alone_is_no_name() -> None:
    assert name(word("Kitchen", 10, 10), word("x", 10, 40), word("sqm", 10, 70)) == "Kitchen"


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("Bedroom 2", "Bedroom 2"),
        ("Bedroom 2 12.5 m²", "Bedroom 2"),
        ("Bedroom 3 x 4", "Bedroom"),
        ("Bath / WC", "Bath / WC"),
        ("Bath / 4.2 m² /", "Bath"),
        ("Küche: 12 m²", "Küche"),
        ("B1 Archiv", "B1 Archiv"),
        ("거실 8평", "거실"),
        ("Walk in closet", "Walk in closet"),
    ],
)
def test_what_else_is_written_stays(text: str, called: str) -> None:
    assert name(*line(text)) == called


def test_a_name_is_cut_where_it_is_too_long() -> None:
    said = name(*(word("wardrobe", 10, 25 * row) for row in range(1, 11)))
    assert said == ("wardrobe " * 10)[:LONGEST_NAME].strip()


def test_what_a_terminal_or_a_page_would_obey_is_left_out() -> None:
    assert name(word("\x1b[2JHa\u202ell\ud800\ufffd\ufffe\nNorth\t<b>")) == "[2JHall North <b>"


@given(
    st.lists(
        st.builds(
            Word,
            st.text(max_size=30),
            st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), min_size=4, max_size=4).map(np.array),
        ),
        max_size=5,
    ),
    st.lists(st.text(st.characters(codec=None), max_size=40), max_size=5),
)
def test_whatever_is_read_becomes_a_name_that_the_contract_takes(anywhere: list[Word], inside: list[str]) -> None:
    words = [*anywhere, *(word(text, 10, 25 * row) for row, text in enumerate(inside, 1))]
    for said in names(words, [HALL, YARD]):
        if said is not None:
            check("room_detection/rooms", {**ROOMS, "rooms": [{**ROOM, "name": said}]})
            assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in said)
            assert said == said.strip()
            said.encode()
