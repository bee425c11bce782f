"""Cells of rows that lie together: which of them a query should look into, and which it must for a proof."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from loupe.codes import NORM_TOLERANCE, Doubles, Question, Rows, encode, margins
from loupe.scan import Scan

ANGLE_ROUNDING = 0.001  # more than an angle is off whose cosine is a float32


def cell_type(dims: int) -> np.dtype[np.void]:
    """A line of `cells.npy`: where the cell ends, its direction, and the smallest cosine of it and one of its rows."""
    return np.dtype([("stop", "<u4"), ("reach", "<f4"), ("center", "<f4", (dims,))])


class Cells:
    """Ranges of codes, one after the other; their centers are known by codes, too."""

    def __init__(self, table: NDArray[np.void], probes: int) -> None:
        codes, self._scales, self._errors = encode(np.ascontiguousarray(table["center"]))
        self._centers = Scan(codes)
        self._stops = table["stop"].astype(np.intp)
        self._starts = np.concatenate([[0], self._stops[:-1]])
        self._angles: Doubles = np.arccos(np.clip(table["reach"].astype(np.float64), -1, 1)) + ANGLE_ROUNDING
        self._probes = probes

    def order(self, question: Question) -> tuple[Rows, Doubles]:
        """All cells, the nearest first, and the highest score that a row of each may have."""
        cosines = question.estimates(self._centers.products(question.digits), self._scales)
        highest = np.clip(cosines + margins(self._errors, question.error), -1, 1).astype(np.float64)
        apart = np.arccos(highest) - self._angles
        order = np.argsort(-cosines, kind="stable")
        return order, (np.cos(np.maximum(apart, 0)) + NORM_TOLERANCE)[order]

    @property
    def probes(self) -> int:
        """How many cells a search looks into first."""
        return self._probes

    def slices(self, cells: Rows) -> list[slice]:
        """Their ranges in order; neighbours are one, for each scan costs a call."""
        cells = np.sort(cells)
        ends = [0, *(np.flatnonzero(np.diff(cells) > 1) + 1).tolist(), len(cells)]
        runs = [cells[start:stop] for start, stop in pairwise(ends) if stop > start]
        return [slice(int(self._starts[run[0]]), int(self._stops[run[-1]])) for run in runs]
