"""Cells of rows that lie together: which of them a query should look into, and which it must for a proof."""

from itertools import pairwise

import numkong
import numpy as np
from numpy.typing import NDArray

from loupe.codes import NORM_TOLERANCE, Doubles, Floats, Rows

ANGLE_ROUNDING = 0.005  # more than an angle is off whose cosine is a float32 sum


def cell_type(dims: int) -> np.dtype[np.void]:
    """A line of `cells.npy`: where the cell ends, its direction, and the smallest cosine of it and one of its rows."""
    return np.dtype([("stop", "<u4"), ("reach", "<f4"), ("center", "<f4", (dims,))])


class Cells:
    """Ranges of codes, one after the other."""

    def __init__(self, table: NDArray[np.void], probes: int) -> None:
        self._centers: Floats = np.ascontiguousarray(table["center"])
        self._stops = table["stop"].astype(np.intp)
        self._starts = np.concatenate([[0], self._stops[:-1]])
        self._angles: Doubles = np.arccos(np.clip(table["reach"].astype(np.float64), -1, 1)) + ANGLE_ROUNDING
        self._probes = probes

    def nearest(self, query: Floats) -> tuple[list[slice], Rows]:
        """The cells that a search looks into first, and the numbers of the others."""
        order = np.argsort(-self._cosines(query), kind="stable")
        return self._slices(order[: self._probes]), order[self._probes :]

    def reaching(self, cells: Rows, query: Floats, floor: float) -> list[slice]:
        """Those of the cells that may hold a row with this score."""
        apart = np.arccos(np.clip(self._cosines(query)[cells], -1, 1)) - self._angles[cells]
        highest = np.cos(np.maximum(apart, 0)) + NORM_TOLERANCE
        return self._slices(cells[highest >= floor])

    def _cosines(self, query: Floats) -> Doubles:
        found: Doubles = np.asarray(numkong.cdist(query[None, :], self._centers, "dot"), np.float64)
        return found.reshape(-1)

    def _slices(self, cells: Rows) -> list[slice]:
        """Their ranges in order; neighbours are one, for each scan costs a call."""
        cells = np.sort(cells)
        ends = [0, *(np.flatnonzero(np.diff(cells) > 1) + 1).tolist(), len(cells)]
        runs = [cells[start:stop] for start, stop in pairwise(ends) if stop > start]
        return [slice(int(self._starts[run[0]]), int(self._stops[run[-1]])) for run in runs]
