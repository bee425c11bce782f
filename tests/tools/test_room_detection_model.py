"""The generated plans: what their layouts, drawings and truths promise to the network that learns from them."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.room_detection_model.borders import Wall
from tools.room_detection_model.canvas import Canvas, Gray
from tools.room_detection_model.dataset import CORE, SIDE, classes, example
from tools.room_detection_model.drawing import FIRST_ROOM, OPENING, OUT, WALL, draw, truth_of
from tools.room_detection_model.layout import Layout, random_layout
from tools.room_detection_model.partition import Mask, Random
from tools.room_detection_model.placement import Placement
from tools.room_detection_model.spoiling import spoil
from tools.room_detection_model.style import Style
from tools.room_detection_model.walls import draw_walls

SMALLEST_CLOSET = 35  # cells: a third of a square metre
WIDEST_DOOR = 22  # cells, with what the wall keeps at its ends
HEIGHT, WIDTH = 384, 320

randoms = st.integers(0, 100_000).map(np.random.default_rng)
layouts = randoms.map(random_layout)


def few(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, derandomize=True)


def in_one_piece(mask: Mask) -> bool:
    count, _ = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return count == 2


def holds_a_square(mask: Mask, side: int) -> bool:
    return bool(cv2.erode(np.pad(mask.astype(np.uint8), 1), np.ones((side, side), np.uint8)).any())


def outside(ink: Mask, area: Mask) -> int:
    """How many pixels of ink are more than one away from an area: lines are smoothed and the truth is not."""
    return int(np.count_nonzero(ink & (cv2.dilate(area.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)))


def drawn_walls(random: Random, layout: Layout) -> tuple[Mask, Gray]:
    """Where black walls are drawn on white paper, and the truth."""
    style = replace(Style.random(random), outer_look="solid", inner_look="solid", wall_tone=0, paper=255, overrun=0.0)
    place = Placement(random, layout, HEIGHT, WIDTH)
    canvas = Canvas(HEIGHT, WIDTH, style.paper, place)
    draw_walls(random, canvas, layout, style, outer=False)
    draw_walls(random, canvas, layout, style, outer=True)
    return canvas.pixels < 128, truth_of(layout, style, place, place.sample(layout.rooms, HEIGHT, WIDTH))


def groups(layout: Layout, joining: Iterable[Wall]) -> dict[int, int]:
    """Rooms with the same number reach each other through the walls given."""
    group = {number: number for number in layout.numbers}
    for wall in joining:
        old, new = (group[number] for number in wall.rooms)
        group = {number: new if of == old else of for number, of in group.items()}
    return group


def test_a_room_is_in_one_piece_and_no_smaller_than_a_closet() -> None:
    plans = [random_layout(np.random.default_rng(seed)) for seed in range(60)]  # one in fifteen had to lose a sliver
    rooms = [layout.rooms == number for layout in plans for number in layout.numbers]
    assert all(in_one_piece(room) for room in rooms)
    assert min(room.sum() for room in rooms) >= SMALLEST_CLOSET
    assert all(holds_a_square(room, 5) for room in rooms)


@given(layouts)
@few(15)
def test_a_wall_stands_wherever_a_room_ends_and_nowhere_else(layout: Layout) -> None:
    beside, below = np.diff(layout.rooms, axis=1) != 0, np.diff(layout.rooms, axis=0) != 0
    assert sum(wall.length for wall in layout.walls) == np.count_nonzero(beside) + np.count_nonzero(below)
    for wall in layout.walls:
        x, y = wall.start
        cells = (layout.rooms[y, x - 1] if wall.end[0] == x else layout.rooms[y - 1, x], layout.rooms[y, x])
        assert wall.rooms == cells


@given(layouts)
@few(15)
def test_openings_lie_within_their_wall_and_apart(layout: Layout) -> None:
    for wall in layout.walls:
        stretches = sorted((opening.start, opening.end) for opening in wall.openings)
        stops = [0.0, *(stop for stretch in stretches for stop in stretch), wall.length]
        assert all(before <= after + 1e-9 for before, after in pairwise(stops))


@given(layouts)
@few(15)
def test_each_opening_joins_what_it_should(layout: Layout) -> None:
    for wall in layout.walls:
        kinds = {opening.kind for opening in wall.openings}
        assert kinds <= {"door", "window", "passage", "garage"}
        assert "passage" not in kinds or not layout.outer(wall)
        assert "garage" not in kinds or (wall.exterior and not layout.by_balcony(wall))
        assert "window" not in kinds or wall.exterior != layout.by_balcony(wall)


@given(layouts)
@few(15)
def test_an_absent_wall_was_between_rooms_and_has_no_openings(layout: Layout) -> None:
    absent = [wall for wall in layout.walls if wall.absent]
    assert not any(layout.outer(wall) or wall.openings for wall in absent)


def test_rooms_reach_each_other_across_nearly_all_walls_that_have_space_for_a_door() -> None:
    reached = []
    for seed in range(40):
        layout = random_layout(np.random.default_rng(seed))
        between = [wall for wall in layout.walls if not wall.exterior]
        group = groups(layout, [wall for wall in between if wall.absent or wall.openings])
        spacious = [wall.rooms for wall in between if wall.length >= WIDEST_DOOR]
        reached += [group[one] == group[other] for one, other in spacious]
    assert np.mean(reached) > 0.97


def test_the_same_seed_draws_the_same_plan() -> None:
    first, second, other = example(7), example(7), example(8)
    assert all(np.array_equal(one, again) for one, again in zip(first, second, strict=True))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("seed", [0, 1])
def test_an_example_is_a_drawing_and_its_classes_at_half_its_size(seed: int) -> None:
    drawing, truth = example(seed)
    assert (drawing.shape, truth.shape) == ((SIDE, SIDE), (SIDE // 2, SIDE // 2))
    assert drawing.dtype == truth.dtype == np.uint8


@given(randoms)
@few(5)
def test_drawing_and_truth_have_the_same_size(random: Random) -> None:
    drawing, truth = draw(random, random_layout(random), HEIGHT, WIDTH, Style.random(random))
    assert drawing.shape == truth.shape == (HEIGHT, WIDTH)


@given(randoms)
@few(10)
def test_the_truth_says_wall_wherever_a_wall_is_drawn_solid(random: Random) -> None:
    layout = random_layout(random)
    closed = replace(layout, walls=[replace(wall, openings=[], absent=False) for wall in layout.walls])
    ink, truth = drawn_walls(random, closed)
    assert ink.any()
    assert outside(ink, truth == WALL) == 0


@given(randoms)
@few(10)
def test_the_truth_says_neither_room_nor_outside_where_walls_with_openings_are_drawn(random: Random) -> None:
    ink, truth = drawn_walls(random, random_layout(random))
    assert ink.any()
    assert outside(ink, (truth == WALL) | (truth == OPENING)) == 0


@given(randoms)
@few(10)
def test_the_truth_says_opening_in_the_middle_of_each_door(random: Random) -> None:
    layout, style = random_layout(random), Style.random(random)
    place = Placement(random, layout, HEIGHT, WIDTH)
    truth = truth_of(layout, style, place, place.sample(layout.rooms, HEIGHT, WIDTH))
    gaps = [(wall, gap) for wall in layout.walls for gap in wall.openings if gap.kind != "window"]
    for wall, gap in gaps:
        [(x, y)] = np.rint(place([wall.at((gap.start + gap.end) / 2)])).astype(int)
        assert truth[y, x] == OPENING


@given(randoms)
@few(10)
def test_every_room_of_the_truth_has_a_core_and_only_rooms_have_one(random: Random) -> None:
    _, truth = drawn_walls(random, random_layout(random))
    found, half = classes(truth), truth[::2, ::2]
    clear = (found == FIRST_ROOM) | (found == CORE)
    assert found.max() <= CORE
    assert set(np.unique(half[found == CORE])) == set(np.unique(half[clear]))
    assert half[clear].min() >= FIRST_ROOM
    assert (found[half == OUT] < FIRST_ROOM).all()


@given(randoms, st.integers(1, 3))
@few(10)
def test_a_spoiled_drawing_keeps_its_size(random: Random, scale: int) -> None:
    drawing = random.integers(0, 256, (40 * scale, 56), dtype=np.uint8)
    spoiled = spoil(random, drawing)
    assert (spoiled.shape, spoiled.dtype) == (drawing.shape, drawing.dtype)
