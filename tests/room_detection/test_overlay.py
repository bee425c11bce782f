"""Rooms drawn over their page."""

import cv2
import numpy as np
import pytest

from containers.room_detection import overlay
from containers.room_detection.overlay import draw

WHITE = np.full((400, 400), 255, np.uint8)
COURT = {
    "id": "room_001",
    "polygon": [[20, 20], [380, 20], [380, 380], [20, 380]],
    "holes": [[[150, 150], [250, 150], [250, 250], [150, 250]]],
}


def test_a_hole_is_left_as_it_was_and_has_an_edge() -> None:
    drawn = draw(WHITE, [COURT])
    assert (drawn[160:240, 160:240] == 255).all()
    assert (drawn[150, 200] != 255).any()
    assert (drawn[60, 370] != 255).any()


def test_the_label_stands_beside_the_hole() -> None:
    whole, holed = (overlay._roomiest([np.array(ring, float) for ring in rings])[0] for rings in shapes())
    assert whole == pytest.approx((200, 200), abs=4)
    assert not (150 < holed[0] < 250 and 150 < holed[1] < 250)


@pytest.mark.parametrize(
    ("name", "words"),
    [({"name": "Hall 2"}, "Hall 2"), ({"name": "Küche"}, "Kuche"), ({"name": "거실"}, "room_001"), ({}, "room_001")],
)
def test_a_room_is_called_by_its_name_where_the_font_has_the_letters(
    monkeypatch: pytest.MonkeyPatch, name: dict[str, str], words: str
) -> None:
    written: set[str] = set()
    monkeypatch.setattr(cv2, "putText", lambda _page, text, *_: written.add(text))
    draw(WHITE, [{**COURT, **name}])
    assert written == {words}


def shapes() -> list[list[list[list[int]]]]:
    outer: list[list[int]] = COURT["polygon"]  # type: ignore[assignment]  # the dictionary holds words too
    holes: list[list[list[int]]] = COURT["holes"]  # type: ignore[assignment]  # as above
    return [[outer], [outer, *holes]]
