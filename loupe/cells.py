"""Cells of rows that lie together: which of them a query should look into, and which it must for a proof."""

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from loupe.codes import NORM_TOLERANCE, Doubles, Floats, Question, Rows, margins

MANY = 8  # of so many cells one, and a few long ranges are scanned quicker than many short ones
ANGLE_ROUNDING = 0.001  # more than an angle is off whose cosine is a float32


def cell_type(dims: int) -> np.dtype[np.void]:
    """A line of `cells.npy`: where the cell ends, and the smallest cosine of its center and one of its rows.

    The center is `scale * code`, of length 1.
    """
    return np.dtype([("stop", "<u4"), ("reach", "<f4"), ("scale", "<f4"), ("code", "i1", (dims,))])


def centers(table: NDArray[np.void]) -> Doubles:
    """The direction of each cell."""
    found: Doubles = table["code"] * table["scale"].astype(np.float64)[:, None]
    return found


class Cells:
    """Ranges of codes, one after the other; a search looks into as many as `probes` first."""

    def __init__(self, table: NDArray[np.void], probes: int) -> None:
        self._codes, self._scales = np.ascontiguousarray(table["code"]), np.ascontiguousarray(table["scale"])
        self._stops = table["stop"].astype(np.intp)
        self._starts = np.concatenate([[0], self._stops[:-1]])
        self._angles: Doubles = np.arccos(np.clip(table["reach"].astype(np.float64), -1, 1)) + ANGLE_ROUNDING
        self._cosines, self._sines = np.cos(self._angles), np.sin(self._angles)
        self._probes = probes

    def nearest(self, question: Question) -> tuple[Rows, Floats]:
        """The cells to look into first, and the highest cosine that the center of each cell may have with the query."""
        cosines = question.code.products(self._codes, self._scales)
        nearest = np.argpartition(-cosines, min(self._probes, len(cosines)) - 1)[: self._probes]
        return nearest, cosines + margins(np.zeros(1, np.float32), question.code.error)

    def others(self, nearest: Rows, highest: Floats, score: float) -> Rows:
        """The cells but for the nearest in which a row may have this score; all of them if that is so of many.

        A row is no nearer to the query than the center is, less the angle from the center to its furthest row.
        """
        apart = math.acos(min(max(score - NORM_TOLERANCE, -1), 1))
        needed = self._cosines * math.cos(apart) - self._sines * math.sin(apart)
        may = (highest >= needed) | (self._angles + apart >= math.pi)
        may[nearest] = False
        if MANY * np.count_nonzero(may) >= len(may):
            may = np.ones_like(may)
            may[nearest] = False
        return np.flatnonzero(may)

    def looked_into(self, query: Floats, score: float) -> int:
        """How many rows lie in the cells that a search looks into until no row in others can have this score."""
        nearest, highest = self.nearest(Question(query))
        cells = np.concatenate([nearest, self.others(nearest, highest, score)])
        return int((self._stops - self._starts)[cells].sum())

    def slices(self, cells: Rows) -> list[slice]:
        """Their ranges in order; neighbours are one."""
        cells = np.sort(cells)
        ends = [0, *(np.flatnonzero(np.diff(cells) > 1) + 1).tolist(), len(cells)]
        runs = [cells[start:stop] for start, stop in pairwise(ends) if stop > start]
        return [slice(int(self._starts[run[0]]), int(self._stops[run[-1]])) for run in runs]
