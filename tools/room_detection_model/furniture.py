"""Rooms furnished at random: pieces where they fit, most often against walls, and patterns on floors."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.room_detection_model import pieces
from tools.room_detection_model.borders import Points
from tools.room_detection_model.canvas import Canvas, Pen, corners_of
from tools.room_detection_model.layout import Layout
from tools.room_detection_model.partition import Mask, Random
from tools.room_detection_model.style import Style


@dataclass(frozen=True)
class Furniture:
    """A kind of furniture: how often it occurs, its size in cells, and how often it stands by a wall."""

    draw: Callable[[Random, Pen, Points], None]
    often: float
    long: tuple[float, float]
    deep: tuple[float, float]
    by_wall: float


_FURNITURE = (
    Furniture(pieces.bed, 1.2, (18, 22), (9, 19), 0.9),
    Furniture(pieces.table, 1, (10, 26), (10, 16), 0.1),
    Furniture(pieces.sofa, 0.8, (12, 26), (7, 10), 0.6),
    Furniture(pieces.counter, 1.6, (12, 50), (5.5, 7), 1),
    Furniture(pieces.wardrobe, 1.4, (8, 36), (4, 7), 1),
    Furniture(pieces.bath, 0.7, (14, 18), (6.5, 9), 1),
    Furniture(pieces.shower, 0.7, (7, 12), (7, 10), 1),
    Furniture(pieces.toilet, 0.9, (3.6, 5), (5.5, 7.5), 1),
    Furniture(pieces.stairs, 1.0, (14, 42), (7, 13), 0.9),
    Furniture(pieces.spiral, 0.2, (12, 20), (12, 20), 0.5),
    Furniture(pieces.car, 0.3, (38, 46), (17, 20), 0.2),
    Furniture(pieces.plain, 1.2, (3, 22), (3, 12), 0.7),
    Furniture(pieces.plant, 0.3, (3, 8), (3, 8), 0.5),
    Furniture(pieces.block, 0.4, (2, 9), (2, 6), 0.7),
)
_OFTEN = np.array([kind.often for kind in _FURNITURE]) / sum(kind.often for kind in _FURNITURE)


def furnish(random: Random, canvas: Canvas, layout: Layout, style: Style) -> None:
    for number in layout.numbers:
        room = layout.rooms == number
        if random.random() > style.furniture:
            continue
        if random.random() < (0.35 if number in layout.balconies else 0.05):
            draw_pattern(random, style.pen(canvas, wider=0.7), room)
        for _ in range(int(random.integers(0, 3 + min(6, int(room.sum()) // 400)))):
            kind = _FURNITURE[random.choice(len(_FURNITURE), p=_OFTEN)]
            _stand(random, canvas, room, kind, style)


def draw_pattern(random: Random, pen: Pen, area: Mask) -> None:
    """Tiles or boards over the whole of an area's box."""
    ys, xs = np.nonzero(area)
    left, top, right, bottom = xs.min(), ys.min(), xs.max() + 1, ys.max() + 1
    step = random.uniform(1.2, 6)
    if random.random() < 0.8:
        for x in np.arange(left + step, right - 1, step):
            pen.line([[x, top], [x, bottom]])
    if random.random() < 0.6:
        for y in np.arange(top + step, bottom - 1, step):
            pen.line([[left, y], [right, y]])


def _stand(random: Random, canvas: Canvas, room: Mask, kind: Furniture, style: Style) -> None:
    """Put one piece where it fits; after six attempts in vain, nowhere."""
    gap = style.inner / 2 + random.choice([0.0, 0.3, 1.0])
    boxes = (_box(random, room, kind, gap) for _ in range(6))
    box = next((box for box in boxes if _fits(room, box)), None)
    if not box:
        return
    corners = np.roll(corners_of(*box), int(random.integers(4)), axis=0)
    if random.random() < 0.12:
        canvas.fill(corners, int(random.integers(150, 250)))
    wider = random.uniform(0.6, 1.1) if random.random() < 0.88 else random.uniform(1.1, 2.5)
    kind.draw(random, style.pen(canvas, wider=wider), corners)


_Box = tuple[float, float, float, float]  # left, top, right, bottom


def _box(random: Random, room: Mask, kind: Furniture, gap: float) -> _Box:
    """Somewhere in the room, perhaps moved against its walls."""
    long, deep = random.uniform(*kind.long), random.uniform(*kind.deep)
    width, height = (long, deep) if random.random() < 0.5 else (deep, long)
    ys, xs = np.nonzero(room)
    pick = random.integers(ys.size)
    column, row = int(xs[pick]), int(ys[pick])
    x, y = float(column), float(row)
    if random.random() < kind.by_wall:
        if random.random() < 0.5:
            x = _against(random, room[row], column, width, gap)
        if random.random() < 0.6:
            y = _against(random, room[:, column], row, height, gap)
    return x, y, x + width, y + height


def _against(random: Random, line: NDArray[np.bool_], at: int, size: float, gap: float) -> float:
    """Where a piece starts that stands at either end of the stretch of room around a cell."""
    walls = np.flatnonzero(~line)
    start = walls[walls < at].max(initial=-1) + 1
    end = walls[walls > at].min(initial=line.size)
    return float(start + gap if random.random() < 0.5 else end - gap - size)


def _fits(room: Mask, box: _Box) -> bool:
    left, top, right, bottom = box
    covered = room[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
    return min(left, top) >= 0 and covered.size > 0 and bool(covered.all())
