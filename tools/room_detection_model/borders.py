"""The borders of a grid of rooms as straight walls, and what opens in them."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tools.room_detection_model.partition import OUTSIDE, Grid

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Opening:
    """A stretch of a wall, from and to in cells along it: `door`, `window`, `passage` or `garage`."""

    kind: str
    start: float
    end: float


@dataclass(frozen=True)
class Pier:
    """A chimney breast or buttress: a stretch of a wall that stands out to one side."""

    start: float
    end: float
    depth: float


@dataclass
class Wall:
    """A straight piece of border between two rooms or a room and the outside, in cells."""

    rooms: tuple[int, int]
    start: tuple[int, int]
    end: tuple[int, int]
    openings: list[Opening] = field(default_factory=list)
    absent: bool = False
    pier: Pier | None = None

    @property
    def length(self) -> int:
        return abs(self.end[0] - self.start[0]) + abs(self.end[1] - self.start[1])

    @property
    def exterior(self) -> bool:
        return OUTSIDE in self.rooms

    @property
    def along(self) -> Points:
        return np.asarray(np.subtract(self.end, self.start) / self.length)

    @property
    def across(self) -> Points:
        x, y = self.along
        return np.array([-y, x])

    def at(self, distance: float) -> Points:
        """The place so many cells along the wall."""
        return np.asarray(np.asarray(self.start) + self.along * distance)

    def band(self, start: float, end: float, thick: float) -> Points:
        """The corners of a stretch of the wall."""
        side = self.across * thick / 2
        return np.array([self.at(start) - side, self.at(end) - side, self.at(end) + side, self.at(start) + side])


def walls_of(rooms: Grid) -> list[Wall]:
    """Every border between two numbers as maximal straight pieces, in cells (x, y)."""
    upright = [Wall(pair, (at, start), (at, end)) for pair, at, start, end in _uprights(rooms)]
    return upright + [Wall(pair, (start, at), (end, at)) for pair, at, start, end in _uprights(rooms.T)]


def _uprights(grid: Grid) -> list[tuple[tuple[int, int], int, int, int]]:
    """What is left and right of each upright piece of border, its column, and the rows where it starts and ends."""
    found = []
    before, after = grid[:, :-1], grid[:, 1:]
    for line in np.flatnonzero((before != after).any(axis=0)):
        a, b = before[:, line], after[:, line]
        changes = np.flatnonzero((np.diff(a) != 0) | (np.diff(b) != 0)) + 1
        for start, end in pairwise([0, *changes.tolist(), len(a)]):
            if a[start] != b[start]:
                found.append(((int(a[start]), int(b[start])), int(line) + 1, start, end))
    return found
