"""What the detector found, in the words of the contract: numbered, rounded, neighbours by id."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.room_detection import inference
from containers.room_detection.detector import Room
from containers.room_detection.images import Page
from containers.room_detection.inference import detect_file, predict_fn
from containers.room_detection.parameters import Parameters
from loupe.contracts import check
from tests.conftest import EXAMPLES

WIDTH, HEIGHT = 300, 200
Box = tuple[float, float, float, float]
BOXES = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), *[st.floats(0, 140).map(lambda v: v * v / 100)] * 4)


def square(box: Box) -> np.ndarray[Any, np.dtype[np.float64]]:
    left, top, right, bottom = box
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


def room(box: Box, *holes: Box, neighbours: list[int] | None = None) -> Room:
    area = (box[2] - box[0]) * (box[3] - box[1])
    return Room(square(box), area, 0.5, [square(hole) for hole in holes], neighbours or [])


def answer(*found: list[Room]) -> dict[str, Any]:
    """To a blueprint on whose pages these rooms are found."""
    left = list(found)
    pages: Iterator[Page] = (Page(np.zeros((HEIGHT, WIDTH), np.uint8)) for _ in found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "detect", lambda *_: left.pop(0))
        return dict(check("room_detection/rooms", predict_fn(pages, Parameters())))


@st.composite
def floors(draw: st.DrawFn) -> list[Room]:
    """Rooms in any order, doors between any of them."""
    boxes = draw(st.lists(BOXES, max_size=6))
    pairs = list(combinations(range(len(boxes)), 2))
    doors = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    beside = [[a + b - place for a, b in doors if place in (a, b)] for place in range(len(boxes))]
    return [
        room(box, *draw(st.lists(BOXES, max_size=2)), neighbours=near) for box, near in zip(boxes, beside, strict=True)
    ]


@given(st.lists(floors(), min_size=1, max_size=3))
def test_ids_count_the_rooms_page_by_page_in_reading_order(found: list[list[Room]]) -> None:
    rooms = answer(*found)["rooms"]
    assert [one["id"] for one in rooms] == [f"room_{number:03d}" for number in range(1, len(rooms) + 1)]
    places = [(one["page"], one["bounding_box"][1] // 20, *one["bounding_box"]) for one in rooms]
    assert places == sorted(places)


@given(st.lists(floors(), min_size=1, max_size=3))
def test_neighbours_know_each_other_are_on_one_page_and_nobody_is_his_own(found: list[list[Room]]) -> None:
    rooms = {one["id"]: one for one in answer(*found)["rooms"]}
    for name, one in rooms.items():
        assert name not in one["neighbours"]
        assert one["neighbours"] == sorted(set(one["neighbours"]))
        for other in one["neighbours"]:
            assert name in rooms[other]["neighbours"]
            assert one["page"] == rooms[other]["page"]


@given(floors())
def test_every_ring_has_an_area_and_holes_are_told_only_where_there_are_some(found: list[Room]) -> None:
    for one in answer(found)["rooms"]:
        assert one.get("holes") != []
        for ring in (one["polygon"], *one.get("holes", [])):
            assert len({tuple(point) for point in ring}) >= 3
            assert np.array_equal(np.round(ring, 1), ring)
            assert (np.ptp(ring, axis=0) > 0).all()


def test_neighbours_are_named_by_the_ids_of_the_whole_blueprint() -> None:
    below, above, left = (10.0, 100.0, 90.0, 190.0), (10.0, 10.0, 90.0, 90.0), (0.0, 10.0, 9.0, 90.0)
    page = [room(below, neighbours=[1]), room(above, neighbours=[0, 2]), room(left, neighbours=[1])]
    rooms = answer(page, page)["rooms"]
    assert [(one["id"], one["neighbours"]) for one in rooms] == [
        ("room_001", ["room_002"]),
        ("room_002", ["room_001", "room_003"]),
        ("room_003", ["room_002"]),
        ("room_004", ["room_005"]),
        ("room_005", ["room_004", "room_006"]),
        ("room_006", ["room_005"]),
    ]


def test_a_room_that_is_left_out_is_nobodys_neighbour() -> None:
    speck = room((5, 5, 5.04, 90), neighbours=[1])
    [whole] = answer([speck, room((10, 10, 90, 90), neighbours=[0])])["rooms"]
    assert (whole["id"], whole["neighbours"], whole["area_share"]) == ("room_001", [], 1)


def test_a_hole_that_is_none_is_left_out() -> None:
    [whole] = answer([room((10, 10, 90, 90), (20, 20, 20.04, 80))])["rooms"]
    assert "holes" not in whole
    [holed] = answer([room((10, 10, 90, 90), (20, 20, 30.02, 80))])["rooms"]
    assert holed["holes"] == [[[20, 20], [30, 20], [30, 80], [20, 80]]]


@pytest.mark.parametrize("name", ["flat.png", "house.pdf"])
def test_neighbours_on_the_samples_know_each_other(name: str) -> None:
    beside = {one["id"]: one["neighbours"] for one in detect_file(EXAMPLES / name)["rooms"]}
    assert all(one in beside[other] and other != one for one in beside for other in beside[one])
