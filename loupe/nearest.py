"""A query → the rows nearest to it, proven: int8 codes are scanned, and float32 rows decide until no other can win."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loupe.cells import Cells
from loupe.codes import Bytes, Floats, Question, Rows, margins, scores, unit
from loupe.scan import Scan

BLOCK_ROWS = 1024  # that are compared at once, so that memory does not grow with the candidates
COLUMNS = 128  # see _high
FEW = 2  # times as many rows as are wanted are read at once


class RowSource(Protocol):
    """Where the float32 rows are."""

    def take(self, rows: Rows) -> Floats:
        """These rows, in this order."""
        ...


@dataclass(frozen=True)
class Hit:
    """A row and its cosine with the query, rounded to float32."""

    row: int
    score: float


@dataclass(frozen=True)
class Answer:
    """Hits by falling score, equal ones by row; proven where no other row can be among them."""

    hits: list[Hit]
    proven: bool


@dataclass(frozen=True)
class _Seen:
    """Scanned rows: where their codes are, what those say of the scores, and how far they may be off."""

    at: Rows
    estimates: Floats
    margins: Floats

    def where(self, chosen: NDArray[Any]) -> "_Seen":
        return _Seen(self.at[chosen], self.estimates[chosen], self.margins[chosen])

    def with_(self, other: "_Seen") -> "_Seen":
        return _Seen(
            np.concatenate([self.at, other.at]),
            np.concatenate([self.estimates, other.estimates]),
            np.concatenate([self.margins, other.margins]),
        )

    def take_likeliest(self, count: int) -> Rows:
        """Where the codes are of so many rows with high estimates, which are then no longer within reach."""
        likely = (self.estimates >= _high(self.estimates, count)).nonzero()[0]
        if len(likely) > 2 * count:  # as where many are equal
            likely = likely[(-self.estimates[likely]).argsort(kind="stable")[:count]]
        self.estimates[likely] = np.nan  # which reaches nothing
        return self.at[likely]

    def within_reach(self, score: float) -> "_Seen":
        """Those that may have this score, or a higher one."""
        return self.where((self.estimates + self.margins >= score).nonzero()[0])


class _Best:
    """The best of the rows that were read, by falling score, equal ones by row."""

    def __init__(self, query: Floats, source: RowSource, wanted: int) -> None:
        self._query, self._source, self.wanted = query, source, wanted
        self._scores, self._rows = np.empty(0, np.float32), np.empty(0, np.intp)

    @property
    def last(self) -> float:
        """The score that others must have to be among them."""
        return float(self._scores[-1]) if len(self._scores) == self.wanted else -np.inf

    def add(self, rows: Rows) -> None:
        found = np.concatenate([self._scores, scores(self._source.take(rows), self._query)])
        rows = np.concatenate([self._rows, rows])
        top = np.lexsort((rows, -found))[: self.wanted]
        self._scores, self._rows = found[top], rows[top]

    def hits(self) -> list[Hit]:
        return [Hit(row, score) for row, score in zip(self._rows.tolist(), self._scores.tolist(), strict=True)]


class Nearest:
    """Codes in the order of their cells, if they have any, and what is known of each: its row, scale and error.

    Without cells all codes are scanned for a query, and packed for that.
    """

    def __init__(self, codes: Bytes, bounds: NDArray[np.void], source: RowSource, cells: Cells | None = None) -> None:
        self.rows, self.dims = codes.shape
        self._source = source
        self._rows = np.ascontiguousarray(bounds["row"]).astype(np.intp)
        self._positions = np.arange(self.rows)
        self._scales, self._errors = np.ascontiguousarray(bounds["scale"]), np.ascontiguousarray(bounds["error"])
        self._cells = cells
        self._products = partial(_products_of_some, codes) if cells else partial(_products_of_all, Scan(codes))

    def row(self, row: int) -> Floats:
        """A row itself, as a query; IndexError if there is none."""
        if not 0 <= row < self.rows:
            raise IndexError(f"There is no row {row}: this version has rows 0 to {self.rows - 1}.")
        return np.asarray(self._source.take(np.array([row], np.intp))[0], np.float32)

    def search(
        self, vector: ArrayLike, limit: int, *, allowed: NDArray[np.bool_] | None = None, exact: bool = True
    ) -> Answer:
        """The `limit` nearest rows, or all that there are, among those that are allowed.

        Not `exact`, it looks into the nearest cells only, where there are cells, they hold enough, and all is allowed.
        """
        question = Question(unit(vector, self.dims))
        wanted = min(limit, self.rows if allowed is None else int(np.count_nonzero(allowed)))
        if wanted < 1:
            return Answer([], proven=True)
        best = _Best(question.query, self._source, wanted)
        if self._cells:
            seen, proven = self._look_into_cells(self._cells, question, best, allowed, exact=exact)
        else:
            seen, proven = self._scan(question, [slice(0, self.rows)], allowed), True
            best.add(self._rows[seen.take_likeliest(FEW * best.wanted)])
        self._decide(best, seen.within_reach(best.last))
        return Answer(best.hits(), proven)

    def _look_into_cells(
        self, cells: Cells, question: Question, best: _Best, allowed: NDArray[np.bool_] | None, *, exact: bool
    ) -> tuple[_Seen, bool]:
        """The rows that were scanned, the likeliest already in `best`; and whether all others are proven worse."""
        nearest, highest = cells.nearest(question)
        seen = self._scan(question, cells.slices(nearest), allowed)
        best.add(self._rows[seen.take_likeliest(FEW * best.wanted)])
        left = cells.slices(cells.others(nearest, highest, best.last))
        if left and (exact or allowed is not None or best.last == -np.inf):
            return seen.with_(self._scan(question, left, allowed)), True
        return seen, not left

    def _scan(self, question: Question, ranges: Sequence[slice], allowed: NDArray[np.bool_] | None) -> _Seen:
        seen = _Seen(
            at=_joined([self._positions[rows] for rows in ranges]),
            estimates=question.estimates(
                self._products(question, ranges), _joined([self._scales[rows] for rows in ranges])
            ),
            margins=margins(_joined([self._errors[rows] for rows in ranges]), question.error),
        )
        return seen if allowed is None else seen.where(np.flatnonzero(allowed[self._rows[seen.at]]))

    def _decide(self, best: _Best, seen: _Seen) -> None:
        """Read rows, the likeliest first, until none that is left can be among the best."""
        highest = -(seen.estimates + seen.margins)
        order = highest.argsort(kind="stable")
        highest, rows = highest[order], self._rows[seen.at[order]]
        start = 0
        while (within_reach := int(highest.searchsorted(-best.last, side="right"))) > start:
            best.add(rows[start : min(within_reach, start + BLOCK_ROWS)])
            start += BLOCK_ROWS


def _products_of_some(codes: Bytes, question: Question, ranges: Sequence[slice]) -> NDArray[Any]:
    return np.concatenate([question.products(codes[rows]) for rows in ranges], axis=1)


def _products_of_all(scan: Scan, question: Question, _: Sequence[slice]) -> NDArray[Any]:
    return scan.products(question.digits)


def _high(values: Floats, count: int) -> float:
    """A value that at least `count` of them reach, and hardly more: the count-th largest of the columns' largest.

    Neighbours, which are often alike, are in columns of their own.
    """
    columns = len(values) // COLUMNS
    if columns >= 2 * count:
        values = values[: columns * COLUMNS].reshape(COLUMNS, columns).max(axis=0)
    count = min(count, len(values))
    return float(np.partition(values, len(values) - count)[len(values) - count]) if count else np.inf


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
