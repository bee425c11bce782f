"""Pieces of furniture as strokes of a pen in a rectangle, whose first side is the piece's back."""

import numpy as np

from tools.room_detection_model.borders import Points
from tools.room_detection_model.canvas import Pen, ellipse
from tools.room_detection_model.partition import Random


def bed(random: Random, pen: Pen, corners: Points) -> None:
    pen.outline(corners)
    for u in ((0.08, 0.45), (0.55, 0.92)):
        pen.outline(_part(corners, u[0], 0.05, u[1], 0.22))
    pen.line(_part(corners, 0, random.uniform(0.3, 0.4), 1, 1)[:2])
    if random.random() < 0.3:
        pen.line(corners[[0, 2]])


def table(random: Random, pen: Pen, corners: Points) -> None:
    top = _part(corners, 0.18, 0.18, 0.82, 0.82)
    pen.outline(_disc(corners, 0.5, 0.5, 0.35, 0.35) if random.random() < 0.3 else top)
    for u in np.linspace(0.25, 0.75, int(random.integers(2, 4))):
        for v in (0.02, 0.85):
            pen.outline(_part(corners, u - 0.08, v, u + 0.08, v + 0.13))


def sofa(random: Random, pen: Pen, corners: Points) -> None:
    pen.outline(corners)
    pen.outline(_part(corners, 0.1, 0.3, 0.9, 1))
    if random.random() < 0.5:
        pen.line(_stroke(corners, 0.5, start=0.3))


def counter(random: Random, pen: Pen, corners: Points) -> None:
    pen.outline(corners)
    for u in np.linspace(0, 1, int(random.integers(2, 6)))[1:-1]:
        if random.random() < 0.5:
            pen.line(_stroke(corners, u))
    at = random.uniform(0.05, 0.5)
    pen.outline(_part(corners, at, 0.2, at + 0.18, 0.8))
    for u in (0.7, 0.82):
        for v in (0.3, 0.7):
            pen.outline(_disc(corners, u, v, 0.04, 0.14))


def wardrobe(random: Random, pen: Pen, corners: Points) -> None:
    pen.outline(corners)
    cells = int(random.integers(1, 6))
    for number in range(cells):
        box = _part(corners, number / cells, 0, (number + 1) / cells, 1)
        pen.outline(box)
        if random.random() < 0.7:
            pen.line(box[[0, 2]])
        if random.random() < 0.3:
            pen.line(box[[1, 3]])


def bath(random: Random, pen: Pen, corners: Points) -> None:
    pen.outline(corners)
    if random.random() < 0.5:
        pen.outline(_part(corners, 0.08, 0.12, 0.92, 0.88))
    else:
        pen.outline(_disc(corners, 0.5, 0.5, 0.43, 0.4))


def shower(random: Random, pen: Pen, corners: Points) -> None:
    pen.outline(corners)
    pen.line(corners[[0, 2]])
    if random.random() < 0.6:
        pen.line(corners[[1, 3]])


def toilet(random: Random, pen: Pen, corners: Points) -> None:
    pen.outline(_part(corners, 0, 0, 1, 0.3))
    pen.outline(_disc(corners, 0.5, 0.65, 0.42, 0.35))
    if random.random() < 0.5:
        pen.outline(_disc(corners, 0.5, 0.65, 0.3, 0.25))


def stairs(random: Random, pen: Pen, corners: Points) -> None:
    steps = int(random.integers(6, 16))
    pen.outline(corners)
    for u in np.linspace(0, 1, steps):
        pen.line(_stroke(corners, u))
    if random.random() < 0.6:
        pen.line(_part(corners, 0.05, 0.5, 0.95, 0.5)[:2])
    if random.random() < 0.3:
        pen.line(_part(corners, 0.4, 0, 0.55, 1)[[0, 2]], wider=1.5)


def spiral(random: Random, pen: Pen, corners: Points) -> None:
    rim = _disc(corners, 0.5, 0.5, 0.5, 0.5)
    pen.outline(rim)
    for point in rim[:: int(random.integers(1, 3))]:
        pen.line([corners.mean(axis=0), point])


def car(random: Random, pen: Pen, corners: Points) -> None:
    pen.outline(_disc(corners, 0.5, 0.5, 0.5, 0.5) if random.random() < 0.3 else corners)
    pen.outline(_part(corners, 0.25, 0.12, 0.45, 0.88))
    pen.outline(_part(corners, 0.75, 0.12, 0.85, 0.88))


def plain(random: Random, pen: Pen, corners: Points) -> None:
    pen.outline(corners)
    if random.random() < 0.4:
        pen.outline(_part(corners, 0.12, 0.12, 0.88, 0.88))


def plant(random: Random, pen: Pen, corners: Points) -> None:
    centre = corners.mean(axis=0)
    for point in _disc(corners, 0.5, 0.5, 0.5, 0.5)[::2]:
        pen.line([centre, point + random.normal(0, 0.4, 2)])


def block(random: Random, pen: Pen, corners: Points) -> None:
    """A pillar, a chimney or a shaft: filled."""
    pen.canvas.fill(corners, pen.tone if random.random() < 0.6 else int(random.integers(60, 200)))
    pen.outline(corners)


def _part(corners: Points, u0: float, v0: float, u1: float, v1: float) -> Points:
    """A rectangle in a rectangle, in shares of its sides."""
    a, b, _, d = corners
    return np.array([a + (b - a) * u + (d - a) * v for u, v in ((u0, v0), (u1, v0), (u1, v1), (u0, v1))])


def _disc(corners: Points, u: float, v: float, across: float, down: float) -> Points:
    a, b, _, d = corners
    circle = ellipse((u, v), across, down)
    return np.asarray(a + circle[:, :1] * (b - a) + circle[:, 1:] * (d - a))


def _stroke(corners: Points, u: float, *, start: float = 0) -> Points:
    """From the back to the front."""
    return _part(corners, u, start, u, 1)[:3]
