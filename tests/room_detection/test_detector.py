"""Arrays in, rooms out: on any array at all, the same every time, and where the walls are."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from containers.room_detection.detector import VERSION, Room, detect
from containers.room_detection.overlay import draw
from containers.room_detection.parameters import Parameters
from containers.room_detection.regions import without_shafts
from loupe.contracts import schema

Image = NDArray[np.uint8]
FEW = settings(max_examples=30, deadline=None, derandomize=True)
CELLS = [(2, 2), (3, 2), (3, 3)]


def grid(columns: int, rows: int, *, cell: int = 220, wall: int = 14, door: int = 60) -> Image:
    """A building of equal rooms with a doorway in every inner wall, on white paper."""
    width, height = columns * (cell + wall) + wall, rows * (cell + wall) + wall
    image = np.full((height + 160, width + 160), 255, np.uint8)
    plan = image[80:-80, 80:-80]
    plan[:] = 0
    for row in range(rows):
        for column in range(columns):
            y, x = wall + row * (cell + wall), wall + column * (cell + wall)
            plan[y : y + cell, x : x + cell] = 255
            middle = cell // 2 - door // 2
            if column:
                plan[y + middle : y + middle + door, x - wall : x] = 255
            if row:
                plan[y - wall : y, x + middle : x + middle + door] = 255
    return image


def inside(rooms: list[Room], image: Image) -> bool:
    height, width = image.shape[:2]
    return all((room.polygon >= 0).all() and (room.polygon <= [width, height]).all() for room in rooms)


def middle(room: Room) -> tuple[int, int]:
    x, y = np.round(room.polygon.mean(axis=0) / 100)
    return int(y), int(x)


@pytest.mark.parametrize(("columns", "rows"), CELLS)
def test_finds_each_room_of_a_clean_plan(columns: int, rows: int) -> None:
    rooms = detect(grid(columns, rows))
    assert len(rooms) == columns * rows
    assert all(room.area == pytest.approx(220 * 220, rel=0.04) for room in rooms)


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize(("columns", "rows"), CELLS)
def test_turning_a_plan_does_not_change_how_many_rooms_it_has(columns: int, rows: int, turns: int) -> None:
    image = grid(columns, rows)
    assert len(detect(np.rot90(image, turns))) == len(detect(image))


@pytest.mark.parametrize("flip", [np.fliplr, np.flipud])
def test_a_mirrored_plan_has_as_many_rooms(flip: Any) -> None:
    assert len(detect(flip(grid(3, 2)))) == 6


def test_light_lines_on_dark_paper_are_read_like_dark_lines_on_light() -> None:
    assert len(detect(255 - grid(3, 2))) == 6


def test_colour_and_gray_give_the_same_rooms() -> None:
    gray = detect(grid(2, 2))
    colour = detect(np.dstack([grid(2, 2)] * 3))
    assert [room.area for room in gray] == [room.area for room in colour]


def test_equal_pictures_give_equal_answers() -> None:
    first, second = detect(grid(3, 3)), detect(grid(3, 3))
    assert all(np.array_equal(a.polygon, b.polygon) for a, b in zip(first, second, strict=True))


def test_the_picture_is_left_as_it_was() -> None:
    image = grid(2, 2)
    before = image.copy()
    detect(image)
    assert np.array_equal(image, before)


@pytest.mark.parametrize("scale", [0.5, 2.0, 4.0])
def test_the_same_rooms_are_found_at_any_resolution(scale: float) -> None:
    image = np.asarray(cv2.resize(grid(3, 2), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    assert len(detect(image)) == 6


def test_rooms_of_a_clean_plan_do_not_overlap() -> None:
    image = grid(3, 2)
    taken = np.zeros(image.shape, np.int32)
    for room in detect(image):
        mask = np.zeros(image.shape, np.uint8)
        cv2.fillPoly(mask, [np.round(room.polygon).astype(np.int32)], 1)
        taken += mask
    assert (taken > 1).mean() < 0.001  # neighbours may share the line between them


def test_confidence_falls_where_walls_are_missing() -> None:
    whole, gapped = grid(2, 2, door=20), grid(2, 2, door=70)
    assert min(room.confidence for room in detect(whole)) > max(room.confidence for room in detect(gapped))


@FEW
@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=120)))
def test_no_array_breaks_it(image: Image) -> None:
    assert inside(detect(image), image)


@FEW
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.01, 0.3, 0.7, 0.99]),
    st.sampled_from([(90, 90), (40, 900), (700, 500)]),
)
def test_no_noise_breaks_it(seed: int, density: float, shape: tuple[int, int]) -> None:
    image = np.where(np.random.default_rng(seed).random(shape) < density, 255, 0).astype(np.uint8)
    rooms = detect(image)
    assert inside(rooms, image)
    assert all(room.area > 0 and 0 <= room.confidence <= 1 and len(room.polygon) >= 3 for room in rooms)


@FEW
@given(st.lists(st.tuples(*[st.integers(0, 399)] * 4, st.integers(1, 30)), max_size=12))
def test_no_drawing_breaks_it(strokes: list[tuple[int, int, int, int, int]]) -> None:
    image = np.full((400, 400), 255, np.uint8)
    for x0, y0, x1, y1, width in strokes:
        cv2.line(image, (x0, y0), (x1, y1), 0, width)
    rooms = detect(image)
    assert inside(rooms, image)
    assert all(room.area > 0 for room in rooms)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (16, 200_000), (200_000, 16)])
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_page_without_a_drawing_has_no_rooms(shape: tuple[int, int], shade: int) -> None:
    assert detect(np.full(shape, shade, np.uint8)) == []


def test_a_page_of_a_hundred_megapixels_is_reduced_first() -> None:
    image = np.repeat(np.repeat(grid(3, 2), 12, axis=0), 12, axis=1)
    assert image.size > 60_000_000
    assert len(detect(image)) == 6


def test_parameters_decide() -> None:
    strict = replace(Parameters(), smallest_room=1_000_000)
    assert detect(grid(2, 2), strict) == []


def test_doors_make_neighbours_and_walls_do_not() -> None:
    rooms = sorted(range(6), key=lambda room: middle(detect(grid(3, 2))[room]))
    places = {room: (place % 3, place // 3) for place, room in enumerate(rooms)}
    for room, found in enumerate(detect(grid(3, 2))):
        beside = {other for other in rooms if abs(np.subtract(places[room], places[other])).sum() == 1}
        assert set(found.neighbours) <= beside
        assert all(room in detect(grid(3, 2))[other].neighbours for other in found.neighbours)


def test_a_room_around_a_shaft_has_a_hole() -> None:
    image = grid(2, 2, cell=320)
    y, x = 80 + 14 + 120, 80 + 14 + 120
    image[y : y + 90, x : x + 90] = 0
    holed = [room for room in detect(image) if room.holes]
    assert len(holed) == 1
    assert holed[0].area < 320 * 320 - 90 * 90 / 3


def test_what_is_filled_is_none_of_its_room_unless_it_is_its_floor() -> None:
    labels = np.ones((60, 120), np.int32)
    labels[:, 60:] = 2
    plan = np.full((120, 240), 255, np.uint8)
    plan[40:60, 20:44] = 30
    plan[100:104, 10:110] = 0  # a thick line
    plan[:100, 130:] = 60
    left = without_shafts(labels, plan, Parameters())
    assert (left == 0).sum() == 10 * 12
    assert (left[20:30, 10:22] == 0).all()


def test_rooms_with_right_angles_keep_them_on_a_sheet_that_lies_askew() -> None:
    height, width = grid(3, 2).shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 4, 0.9)
    askew = np.asarray(cv2.warpAffine(grid(3, 2), turn, (width, height), borderValue=255.0), np.uint8)
    rooms = detect(askew)
    assert len(rooms) == 6
    assert sum(len(room.polygon) == 4 for room in rooms) >= 4
    for room in rooms:
        edges = np.roll(room.polygon, -1, axis=0) - room.polygon
        angles = np.degrees(np.arctan2(edges[:, 1], edges[:, 0])) % 90
        long = np.hypot(*edges.T) > 60
        assert np.minimum(abs(angles[long] - 86), abs(angles[long] + 4)).max() < 2


def test_each_of_several_plans_on_a_sheet_is_found() -> None:
    small = cv2.resize(grid(2, 2), None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    sheet = np.full((1400, 2000), 255, np.uint8)
    sheet[60 : 60 + grid(3, 2).shape[0], 60 : 60 + grid(3, 2).shape[1]] = grid(3, 2)
    sheet[1000 : 1000 + small.shape[0], 1600 : 1600 + small.shape[1]] = small
    assert len(detect(sheet)) == 10


def test_the_version_is_one_that_the_contract_takes() -> None:
    assert len([int(part) for part in VERSION.split(".")]) == 3
    assert schema("room_detection/rooms")["properties"]["detector"]


def test_an_overlay_marks_rooms_and_leaves_the_rest() -> None:
    image = grid(2, 2)
    rooms = [{"id": f"room_{n:03d}", "polygon": room.polygon.tolist()} for n, room in enumerate(detect(image), 1)]
    drawn = draw(image, rooms)
    assert drawn.shape == (*image.shape, 3)
    assert (drawn[:40, :40] == 255).all()
    centres = [drawn[tuple(np.mean(room["polygon"], axis=0).astype(int)[::-1] + 60)] for room in rooms]
    assert all(not np.array_equal(a, b) for a, b in pairwise(centres))


@pytest.mark.parametrize("scale", [0.05, 1, 10])
def test_an_overlay_takes_pages_of_any_size(scale: float) -> None:
    triangle = [[2 * scale, 2 * scale], [90 * scale, 2 * scale], [2 * scale, 90 * scale]]
    side = max(1, int(100 * scale))
    drawn = draw(np.full((side, side), 255, np.uint8), [{"id": "room_001", "name": "Hall", "polygon": triangle}])
    assert drawn.shape == (side, side, 3)
