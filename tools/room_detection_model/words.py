"""What is written in rooms and at walls: names, sizes, dimensions, and the lines of roofs and beams."""

from collections.abc import Sequence

import cv2
import numpy as np

from tools.room_detection_model.borders import Points
from tools.room_detection_model.canvas import Canvas, Pen, corners_of
from tools.room_detection_model.layout import Layout
from tools.room_detection_model.partition import Box, Mask, Random
from tools.room_detection_model.style import Style

_NAMES = (
    "BEDROOM", "Bedroom 1", "LIVING", "Kitchen", "KITCHEN/DINING", "BATH", "WC", "Hall", "HALLWAY", "CL", "Reception",
    "Reception Room", "DRESSING", "OFFICE", "Salon", "Cuisine", "CHAMBRE 2", "Entree", "Garage", "CELLIER", "OH", "MH",
    "K", "ET", "KPH", "VH", "S", "TERRACE", "PARVEKE", "Stue", "Wohnen", "Bad", "Flur", "STORE", "Utility", "LOUNGE",
)  # fmt: skip
_SIZES = ("{:.2f} m2", "{:.1f} sq.m", "{:.2f}m x 3.10m", "{:.0f}'6 x 11'2")
_DOOR_SIZES = ("9x21", "10M", "EI30", "0.90", "8*23")


def name_rooms(random: Random, canvas: Canvas, layout: Layout, insides: Sequence[Mask], style: Style) -> None:
    """Up to three lines in the middle of a room."""
    lettering = style.lettering(random, canvas)
    size = random.uniform(7, 17)
    for number, inside in zip(layout.numbers, insides, strict=True):
        if random.random() > style.words and number not in layout.open_plan:  # only names divide an open plan
            continue
        depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
        y, x = (int(at) for at in np.unravel_index(int(depth.argmax()), depth.shape))
        lines = _lines(random)
        thick = 2 if size > 13 and random.random() < 0.4 else 1
        middle = np.array([x, y]) + random.normal(0, 3, 2)
        room_width = np.ptp(np.flatnonzero(inside[y])) if inside[y].any() else 0
        fitting = min(size, max(6.0, random.uniform(1.2, 1.8) * room_width / max(map(len, lines))))
        lines = lines[:1] if depth.max() < 16 else lines
        for row, line in enumerate(lines):
            down = np.array([0, (row - (len(lines) - 1) / 2) * fitting * 1.5])
            lettering.write(line, middle + down, fitting * (1 if row == 0 else 0.8), thick=thick)


def _lines(random: Random) -> list[str]:
    lines = [str(random.choice(_NAMES))]
    if random.random() < 0.6:
        lines.append(str(random.choice(_SIZES)).format(random.uniform(1, 30)))
    if random.random() < 0.25:
        lines.append(f"({random.uniform(1, 6):.2f} x {random.uniform(1, 6):.2f})")
    return lines


def draw_notes(random: Random, canvas: Canvas, layout: Layout, style: Style) -> None:
    """What is written and drawn across walls and rooms: door sizes, the roof's ridges, beams and dimensions."""
    lettering = style.lettering(random, canvas)
    for wall in layout.walls:
        if random.random() < style.notes:
            middle = (np.array(wall.start) + wall.end) / 2
            at = canvas.place([middle + random.normal(0, 5, 2)])[0]
            lettering.write(str(random.choice(_DOOR_SIZES)), at, random.uniform(6, 10))
    kind = random.random()
    if kind < 0.06:
        _draw_ridges(random, style.pen(canvas, wider=0.6), layout.box)
    if kind > 0.85:
        for _ in range(int(random.integers(1, 6))):
            _draw_beam(random, canvas, layout.box, style)


def _draw_ridges(random: Random, pen: Pen, box: Box) -> None:
    """From the roof's corners towards its middle."""
    top, left, bottom, right = box
    inset = random.uniform(-6, 6)
    middle = np.array([left + right, top + bottom]) / 2
    for corner in corners_of(left - inset, top - inset, right + inset, bottom + inset):
        pen.line([corner, middle + (corner - middle) * random.uniform(0.05, 0.5)])


def _draw_beam(random: Random, canvas: Canvas, box: Box, style: Style) -> None:
    """A dashed line, or a dimension with its ticks."""
    top, left, bottom, right = box
    start: Points = random.uniform([left, top], [right, bottom])
    end = start + random.uniform(10, 80) * np.eye(2)[random.integers(2)]
    pen = style.pen(canvas, wider=0.7)
    if random.random() < 0.5:
        pen.dashes(start, end)
        return
    pen.line([start, end])
    tick = np.array([1.2, -1.2])
    for point in (start, end):
        style.pen(canvas).line([point - tick, point + tick])
