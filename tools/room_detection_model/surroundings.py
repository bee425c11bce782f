"""What is drawn around a plan: dimensions, the roof's edge, terraces and plots, cars and trees."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tools.room_detection_model import pieces
from tools.room_detection_model.borders import Points
from tools.room_detection_model.canvas import Canvas, Lettering, Pen, corners_of, ellipse
from tools.room_detection_model.furniture import draw_pattern
from tools.room_detection_model.layout import Layout
from tools.room_detection_model.partition import Box, Random
from tools.room_detection_model.style import Style

_NAMES = ("TERRASSE", "Terrasse couverte", "PORCHE", "PATIO", "Garden", "11.80 m2", "Terassi", "LAWN", "IN", "DRIVE")


def draw_surroundings(random: Random, canvas: Canvas, layout: Layout, style: Style) -> None:
    pen = style.pen(canvas, wider=0.8)
    if random.random() < 0.45:
        _draw_dimensions(random, pen, style.lettering(random, canvas), layout.box)
    if random.random() < 0.15:
        _draw_roof(random, pen, layout.box)
    for _ in range(random.choice(4, p=[0.6, 0.2, 0.12, 0.08])):
        _draw_plot(random, canvas, layout, style)
    lettering = style.lettering(random, canvas)
    for _ in range(random.choice(4, p=[0.55, 0.2, 0.15, 0.1])):
        _name_outdoors(random, lettering, layout, style.wall_tone)
    _draw_car_and_trees(random, pen, layout.box)


def _draw_car_and_trees(random: Random, pen: Pen, box: Box) -> None:
    top, left, bottom, right = box
    if random.random() < 0.12:
        x, y = random.uniform(left, right), random.choice([top - 30, bottom + 8])
        pieces.car(random, pen, corners_of(x, y, x + 42, y + 18))
    for _ in range(random.choice(4, p=[0.8, 0.1, 0.05, 0.05])):
        tree = random.uniform(left - 25, right + 25), random.choice([top - 15, bottom + 15])
        pen.outline(ellipse(tree, 6, 6))


def _draw_roof(random: Random, pen: Pen, box: Box) -> None:
    top, left, bottom, right = box
    out = random.uniform(3, 10)
    for start, end in _sides(corners_of(left - out, top - out, right + out, bottom + out)):
        if random.random() < 0.7:
            pen.dashes(start, end)
        else:
            pen.line([start, end])


def _draw_plot(random: Random, canvas: Canvas, layout: Layout, style: Style) -> None:
    """A terrace, a path or a neighbouring plot."""
    top, left, bottom, right = layout.box
    width, height = random.uniform(10, 90), random.uniform(10, 60)
    x = random.uniform(left - 40, right)
    y = random.choice([top - height, bottom]) if random.random() < 0.7 else top
    corners = corners_of(x, y, x + width, y + height)
    pen = style.pen(canvas, wider=0.8)
    if random.random() < 0.5:
        _pave(random, style.pen(canvas, wider=0.7), layout, corners)
    if random.random() < 0.5:
        for start, end in _sides(corners):
            pen.dashes(start, end)
    elif random.random() < 0.4:
        pen.line(corners[: int(random.integers(2, 5))])
    if random.random() < 0.3:
        _draw_posts(random, canvas, corners, style.wall_tone)


def _pave(random: Random, pen: Pen, layout: Layout, corners: Points) -> None:
    (left, top), (right, bottom) = np.maximum(corners[[0, 2]].astype(int), 0)
    area = np.zeros(layout.rooms.shape, bool)
    area[top:bottom, left:right] = True
    if area.any():
        draw_pattern(random, pen, area)


def _name_outdoors(random: Random, lettering: Lettering, layout: Layout, post_tone: int) -> None:
    """A name beside the house, perhaps between four posts."""
    top, left, bottom, right = layout.box
    x, y = random.uniform(left - 15, right + 15), random.uniform(top - 15, bottom + 15)
    row, column = np.clip([int(y), int(x)], 0, np.array(layout.rooms.shape) - 1)
    if layout.rooms[row, column]:
        return
    name = str(random.choice(_NAMES))
    lettering.write(name, lettering.canvas.place([[x, y]])[0], random.uniform(7, 14))
    if random.random() < 0.4:
        for post in corners_of(x - 12, y - 8, x + 12, y + 8):
            _draw_post(lettering.canvas, post, 2, post_tone)


def _draw_posts(random: Random, canvas: Canvas, places: Points, tone: int) -> None:
    for place in places:
        _draw_post(canvas, place, random.uniform(1, 3), tone)


def _draw_post(canvas: Canvas, place: Points, side: float, tone: int) -> None:
    (x, y), half = place, side / 2
    canvas.fill(corners_of(x - half, y - half, x + half, y + half), tone)


def _sides(corners: Points) -> Sequence[tuple[Points, Points]]:
    return list(zip(corners, np.roll(corners, -1, axis=0), strict=True))


def _draw_dimensions(random: Random, pen: Pen, lettering: Lettering, box: Box) -> None:
    """Chains of dimensions along some sides, one or two deep."""
    top, left, bottom, right = box
    for corner, length, along, out in (
        ((left, top), right - left, (1, 0), (0, -1)),
        ((left, bottom), right - left, (1, 0), (0, 1)),
        ((left, top), bottom - top, (0, 1), (-1, 0)),
        ((right, top), bottom - top, (0, 1), (1, 0)),
    ):
        if random.random() < 0.3:
            continue
        for chain in range(int(random.integers(1, 3))):
            away = np.array(out) * (random.uniform(4, 9) + 6 * chain)
            stops = np.sort(random.uniform(0, length, int(random.integers(0, 7)) if chain == 0 else 0))
            points = [corner + away + np.array(along) * stop for stop in (0, *stops, length)]
            _draw_chain(random, pen, points, away)
            if along == (1, 0):
                _write_lengths(random, lettering, points)


def _draw_chain(random: Random, pen: Pen, points: Sequence[Points], away: Points) -> None:
    """A line with a tick at each point, and from some points a line towards the house."""
    pen.line([points[0], points[-1]])
    for point in points:
        tick = np.array([1.2, -1.2] if random.random() < 0.9 else [0, 2.0])
        pen.line([point - tick, point + tick])
        if random.random() < 0.4:
            pen.line([point, point - 0.8 * away])


def _write_lengths(random: Random, lettering: Lettering, points: Sequence[Points]) -> None:
    for start, end in pairwise(points):
        above = lettering.canvas.place([(start + end) / 2 - [0, 1.5]])[0]
        lettering.write(f"{random.uniform(0.5, 9):.2f}", above, random.uniform(6, 10))
