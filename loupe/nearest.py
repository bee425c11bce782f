"""A query → the rows nearest to it, proven: int8 codes are scanned, and float32 rows decide until no other can win."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loupe.cells import Cells
from loupe.codes import Bytes, Floats, Question, Rows, margins, scores, unit

BLOCK_ROWS = 1024  # that are compared at once, so that memory does not grow with the candidates
COLUMNS = 128  # see _floor
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

    def floor(self, count: int) -> float:
        """A score that `count` of the rows reach; of fewer rows, none."""
        return _floor(self.estimates - self.margins, count) if len(self.at) >= count else -np.inf

    def within_reach(self, floor: float) -> "_Seen":
        """Those that may reach a score."""
        return self.where((self.estimates >= floor - self.margins).nonzero()[0])


class Nearest:
    """Codes in the order of their cells, if they have any, and what is known of each: its row, scale and error."""

    def __init__(self, codes: Bytes, bounds: NDArray[np.void], source: RowSource, cells: Cells | None = None) -> None:
        self._codes, self._source, self._cells = codes, source, cells
        self._rows = np.ascontiguousarray(bounds["row"]).astype(np.intp)
        self._positions = np.arange(len(codes))
        self._scales, self._errors = np.ascontiguousarray(bounds["scale"]), np.ascontiguousarray(bounds["error"])

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self._codes)

    @property
    def dims(self) -> int:
        """How many numbers a row has."""
        return int(self._codes.shape[1])

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
        seen, proven = self._seen(question, wanted, allowed, exact=exact)
        seen = seen.within_reach(seen.floor(wanted))
        if len(seen.at) > FEW * wanted:
            seen = self._refined(question, seen)
        return Answer(self._decided(question.query, seen, wanted), proven)

    def _seen(
        self, question: Question, wanted: int, allowed: NDArray[np.bool_] | None, *, exact: bool
    ) -> tuple[_Seen, bool]:
        """The rows that were scanned, and whether all others are proven to be worse."""
        if not self._cells:
            return self._scan(question, [slice(0, self.rows)], allowed), True
        cells, highest = self._cells.order(question)
        probes = self._cells.probes
        seen = self._scan(question, self._cells.slices(cells[:probes]), allowed)
        left = self._cells.slices(cells[probes:][highest[probes:] >= seen.floor(wanted)])
        if left and (exact or allowed is not None or len(seen.at) < wanted):
            return seen.with_(self._scan(question, left, allowed)), True
        return seen, not left

    def _scan(self, question: Question, parts: Sequence[slice], allowed: NDArray[np.bool_] | None) -> _Seen:
        seen = _Seen(
            at=_joined([self._positions[part] for part in parts]),
            estimates=_joined([question.code.products(self._codes[part], self._scales[part]) for part in parts]),
            margins=margins(_joined([self._errors[part] for part in parts]), question.code.error),
        )
        return seen if allowed is None else seen.where(np.flatnonzero(allowed[self._rows[seen.at]]))

    def _refined(self, question: Question, seen: _Seen) -> _Seen:
        """The same rows, estimated with the query's second code too."""
        parts = [seen.at[start : start + BLOCK_ROWS] for start in range(0, len(seen.at), BLOCK_ROWS)]
        finer = [question.finer.products(self._codes[part], self._scales[part]) for part in parts]
        estimates = seen.estimates + np.concatenate(finer)
        return _Seen(seen.at, estimates, margins(self._errors[seen.at], question.finer.error))

    def _decided(self, query: Floats, seen: _Seen, wanted: int) -> list[Hit]:
        """The best rows themselves: read, the likeliest first, until none that is left can be among them."""
        highest = -(seen.estimates + seen.margins)
        order = highest.argsort(kind="stable")
        highest, candidates = highest[order], self._rows[seen.at[order]]
        best, rows = np.empty(0, np.float32), np.empty(0, np.intp)
        start, stop = 0, FEW * wanted
        while start < min(stop, len(candidates)):
            read = candidates[start:stop]
            best, rows = np.concatenate([best, scores(self._source.take(read), query)]), np.concatenate([rows, read])
            top = np.lexsort((rows, -best))[:wanted]
            best, rows = best[top], rows[top]
            within_reach = int(highest.searchsorted(-float(best[-1]), side="right"))
            start, stop = stop, min(within_reach, stop + BLOCK_ROWS)
        return [Hit(row, score) for row, score in zip(rows.tolist(), best.tolist(), strict=True)]


def _floor(values: Floats, count: int) -> float:
    """A value that `count` of them reach: the count-th largest of the columns' largest.

    Neighbours, which are often alike, are in columns of their own.
    """
    columns = len(values) // COLUMNS
    if columns >= 2 * count:
        values = values[: columns * COLUMNS].reshape(COLUMNS, columns).max(axis=0)
    return float(np.partition(values, len(values) - count)[len(values) - count])


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
