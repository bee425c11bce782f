"""A random footprint cut into rooms: a grid of decimetres in which each cell has its room's number."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

CELLS_PER_METRE = 10
OUTSIDE = 0

Random = np.random.Generator
Grid = NDArray[np.int32]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]  # top, left, bottom, right


def random_rooms(random: Random) -> Grid:
    """Rooms, and in some of them closets, that fill a footprint; a few footprints come out empty."""
    height, width = _extent(random)
    rooms = _split(random, _footprint(random, height, width))
    _merge(random, rooms)
    _add_closets(random, rooms)
    return _without_slivers(rooms)


def numbers_in(rooms: Grid) -> list[int]:
    """The rooms' numbers, in order."""
    return [int(number) for number in np.unique(rooms) if number != OUTSIDE]


def _extent(random: Random) -> tuple[int, int]:
    long = float(np.exp(random.uniform(np.log(4), np.log(24))))
    short = max(3.0, long * random.uniform(0.35, 1.0))
    sides = [int(long * CELLS_PER_METRE), int(short * CELLS_PER_METRE)]
    random.shuffle(sides)
    return sides[0], sides[1]


def _footprint(random: Random, height: int, width: int) -> Mask:
    """A rectangle less some rectangles at its edges, in one piece."""
    inside = np.ones((height, width), bool)
    for _ in range(random.choice(5, p=[0.3, 0.3, 0.2, 0.12, 0.08])):
        h, w = (int(side * random.uniform(0.08, 0.5)) for side in (height, width))
        trial = inside.copy()
        side = random.integers(4)
        y, x = random.choice([0, height - h]), random.choice([0, width - w])
        if random.random() < 0.3:
            x = int(random.integers(0, width - w + 1)) if side < 2 else x
            y = int(random.integers(0, height - h + 1)) if side >= 2 else y
        trial[y : y + h, x : x + w] = False
        if _in_one_piece(trial) and trial.mean() > 0.4:
            inside = trial
    return inside


def _split(random: Random, footprint: Mask) -> Grid:
    rooms = np.zeros(footprint.shape, np.int32)
    for number, (top, left, bottom, right) in enumerate(_boxes(random, footprint), start=1):
        rooms[top:bottom, left:right] = number
    rooms[~footprint] = OUTSIDE
    return _connected(rooms)


def _boxes(random: Random, footprint: Mask) -> Iterator[Box]:
    """Halve rectangles at random places, once perhaps with a corridor in the cut, until they are as large as rooms."""
    target = float(np.exp(random.uniform(np.log(5), np.log(22))))  # square metres
    shortest = random.uniform(12, 20)
    pending: list[Box] = [(0, 0, *footprint.shape)]
    corridor = random.random() < 0.55
    while pending:
        box = top, left, bottom, right = pending.pop()
        area = footprint[top:bottom, left:right].sum() / CELLS_PER_METRE**2
        large = area > target * random.uniform(0.45, 2.2) and max(bottom - top, right - left) > 2 * shortest
        pieces = _cut(random, box, shortest, corridor=corridor) if large else []
        if not pieces:
            yield box
            continue
        *corridors, before, after = pieces
        pending += [before, after]
        corridor = corridor and not corridors
        yield from corridors


def _cut(random: Random, box: Box, shortest: float, *, corridor: bool) -> list[Box]:
    """The corridor in the cut, if any, and the two halves; nothing where the side to be cut is too short."""
    top, left, bottom, right = box
    height, width = bottom - top, right - left
    upright = width > height if random.random() < 0.85 else width <= height
    side = width if upright else height
    if side <= 2 * shortest + 3:
        return []
    cut = int(random.uniform(shortest, side - shortest))
    roomy = corridor and side > 3.2 * shortest
    wide = int(random.uniform(9, 17)) if roomy and random.random() < 0.6 else 0
    stops = (0, cut, min(cut + wide, side), side)
    before, between, after = (
        (top, left + start, bottom, left + end) if upright else (top + start, left, top + end, right)
        for start, end in pairwise(stops)
    )
    return [between, before, after] if wide else [before, after]


def _in_one_piece(mask: Mask) -> bool:
    count, _ = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return count == 2


def _connected(rooms: Grid) -> Grid:
    """Each connected piece gets a number of its own."""
    fresh = np.zeros_like(rooms)
    number = 0
    for room in numbers_in(rooms):
        count, pieces = cv2.connectedComponents((rooms == room).astype(np.uint8), connectivity=4)
        for piece in range(1, count):
            number += 1
            fresh[pieces == piece] = number
    return fresh


def _borders(rooms: Grid) -> dict[tuple[int, int], int]:
    """How many cells of border each pair of rooms has."""
    border: dict[tuple[int, int], int] = defaultdict(int)
    for a, b in ((rooms[:, 1:], rooms[:, :-1]), (rooms[1:], rooms[:-1])):
        differ = a != b
        pairs, counts = np.unique(np.sort(np.stack([a[differ], b[differ]]), axis=0), axis=1, return_counts=True)
        for (one, other), count in zip(pairs.T, counts, strict=True):
            border[int(one), int(other)] += int(count)
    return border


def _merge(random: Random, rooms: Grid) -> None:
    """Join some neighbours: rooms that are not rectangles."""
    share = random.choice([0.0, 0.1, 0.25])
    for (one, other), length in _borders(rooms).items():
        if one != OUTSIDE and length > 8 and random.random() < share:
            area = np.count_nonzero((rooms == one) | (rooms == other)) / CELLS_PER_METRE**2
            if area < 45:
                rooms[rooms == other] = one


def _add_closets(random: Random, rooms: Grid) -> None:
    """Corners of some rooms become rooms of their own."""
    number = int(rooms.max())
    share = random.choice([0.0, 0.15, 0.35, 0.6])
    for room in numbers_in(rooms):
        ys, xs = np.nonzero(rooms == room)
        if ys.size < 500 or random.random() > share:
            continue
        h, w = (int(random.uniform(*span)) for span in random.permutation([(6, 14), (8, 26)]))
        y = random.choice([ys.min(), ys.max() + 1 - h])
        x = random.choice([xs.min(), xs.max() + 1 - w])
        corner = np.s_[y : y + h, x : x + w]
        inside = min(x, y) >= 0 and (rooms[corner] == room).all()
        if not inside or rooms[corner].size < 50 or h * w > 0.4 * ys.size:
            continue
        rest = rooms == room
        rest[corner] = False
        if _in_one_piece(rest):
            number += 1
            rooms[corner] = number


def _without_slivers(rooms: Grid) -> Grid:
    """Pieces too small or too narrow for a room go to the neighbour with the longest common border."""
    for _ in range(30):
        sliver = next((room for room in numbers_in(rooms) if not _roomy(rooms == room)), None)
        if sliver is None:
            break
        beside = {
            one + other - sliver: length
            for (one, other), length in _borders(rooms).items()
            if sliver in (one, other) and OUTSIDE not in (one, other)
        }
        rooms[rooms == sliver] = max(beside, key=lambda number: beside[number]) if beside else OUTSIDE
    return _connected(rooms)


def _roomy(mask: Mask) -> bool:
    squares = cv2.erode(np.pad(mask.astype(np.uint8), 1), np.ones((5, 5), np.uint8))
    return bool(np.count_nonzero(mask) >= 45 and squares.any())
