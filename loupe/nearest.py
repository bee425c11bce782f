"""A query → the rows nearest to it, proven: int8 codes are scanned, and float32 rows decide until no other can win."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loupe.cells import Cells
from loupe.codes import Bytes, Code, Floats, Question, Rows, lengths, margins, scores, unit

BLOCK_ROWS = 1024  # that are compared at once, so that memory does not grow with the candidates
COLUMNS = 128  # see _high
FEW = 2  # times as many rows as are wanted are read at once
TRIED, USUAL = 5, 10  # rows as queries, and how many are wanted of each
MANY = 8  # of so many rows one in reach, and all are scanned: quicker than to collect them


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


class _Part:
    """Some columns of all codes, which lie together, and what those say."""

    def __init__(self, codes: Bytes, scales: Floats, columns: slice) -> None:
        self.columns = columns
        self._codes, self._scales = np.ascontiguousarray(codes[:, columns]), scales

    def products(self, code: Code, at: Rows | slice) -> Floats:
        """With what another code says in these columns."""
        if not isinstance(at, slice) and not len(at):
            return np.empty(0, np.float32)
        if isinstance(at, slice) or MANY * len(at) < len(self._codes):
            return code.products(self._codes[at], self._scales[at], self.columns)
        found: Floats = code.products(self._codes, self._scales, self.columns)[at]
        return found

    def lengths(self) -> Floats:
        """Of each."""
        return lengths(self._codes, self._scales)


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

    Where halves tell, the first half of the codes is scanned, and the second of those that are still within reach then.
    """

    def __init__(self, codes: Bytes, bounds: NDArray[np.void], source: RowSource, cells: Cells | None = None) -> None:
        self.rows, self.dims = codes.shape
        self._source, self._cells = source, cells
        self._rows = np.ascontiguousarray(bounds["row"]).astype(np.intp)
        self._positions = np.arange(self.rows)
        self._scales, self._errors = np.ascontiguousarray(bounds["scale"]), np.ascontiguousarray(bounds["error"])
        self._head, self._tail = _parts(codes, self._scales, -(-self.dims // 2))
        self._halved = _halves_tell(self._head, self._tail, codes, self._scales)
        if not self._halved:
            self._head, self._tail = _parts(codes, self._scales, self.dims)
        self._tails = self._tail.lengths()

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
            seen, proven = self._look(question, best, [slice(0, self.rows)], allowed), True
        self._decide(question, best, seen)
        return Answer(best.hits(), proven)

    def _look_into_cells(
        self, cells: Cells, question: Question, best: _Best, allowed: NDArray[np.bool_] | None, *, exact: bool
    ) -> tuple[_Seen, bool]:
        """The rows that were scanned, the likeliest already in `best`; and whether all others are proven worse."""
        nearest, highest = cells.nearest(question)
        seen = self._look(question, best, cells.slices(nearest), allowed)
        others = cells.slices(cells.others(nearest, highest, best.last))
        if others and (exact or allowed is not None or best.last == -np.inf):
            return seen.with_(self._look(question, best, others, allowed)), True
        return seen, not others

    def _look(
        self, question: Question, best: _Best, ranges: Sequence[slice], allowed: NDArray[np.bool_] | None
    ) -> _Seen:
        """The rows that may be among the best by the whole of their codes, the likeliest already in `best`."""
        seen = self._scan(question, ranges, allowed)
        if best.last == -np.inf:
            best.add(self._rows[seen.take_likeliest(FEW * best.wanted)])
        if not self._halved:
            return seen
        unknown = self._tails[seen.at] * question.code.length(self._tail.columns)
        seen = seen.where((seen.estimates + seen.margins + unknown >= best.last).nonzero()[0])
        seen = _Seen(seen.at, seen.estimates + self._tail.products(question.code, seen.at), seen.margins)
        best.add(self._rows[seen.take_likeliest(FEW * best.wanted)])
        return seen

    def _scan(self, question: Question, ranges: Sequence[slice], allowed: NDArray[np.bool_] | None) -> _Seen:
        at = _joined([self._positions[rows] for rows in ranges])
        where = ranges[0] if len(ranges) == 1 else at
        estimates = self._head.products(question.code, where)
        seen = _Seen(at, estimates, margins(self._errors[where], question.code.error))
        return seen if allowed is None else seen.where(np.flatnonzero(allowed[self._rows[seen.at]]))

    def _decide(self, question: Question, best: _Best, seen: _Seen) -> None:
        """Read rows, the likeliest first, until none that is left can be among the best."""
        seen = self._refined(question, seen.within_reach(best.last))
        highest = -(seen.estimates + seen.margins)
        order = highest.argsort(kind="stable")
        highest, rows = highest[order], self._rows[seen.at[order]]
        start = 0
        while (within_reach := int(highest.searchsorted(-best.last, side="right"))) > start:
            best.add(rows[start : min(within_reach, start + BLOCK_ROWS)])
            start += BLOCK_ROWS

    def _refined(self, question: Question, seen: _Seen) -> _Seen:
        """The same rows, estimated with the code of what the query's code leaves, too."""
        estimates = seen.estimates.copy()
        for part in (self._head, self._tail):
            for start in range(0, len(seen.at), BLOCK_ROWS):
                block = slice(start, start + BLOCK_ROWS)
                estimates[block] += part.products(question.finer, seen.at[block])
        return _Seen(seen.at, estimates, margins(self._errors[seen.at], question.finer.error))


def _parts(codes: Bytes, scales: Floats, dims: int) -> tuple[_Part, _Part]:
    """The first dimensions, and the others."""
    return _Part(codes, scales, slice(0, dims)), _Part(codes, scales, slice(dims, codes.shape[1]))


def _halves_tell(head: _Part, tail: _Part, codes: Bytes, scales: Floats) -> bool:
    """Whether few rows are left when half of their codes is known: tried with some of them as queries.

    It is so where neighbours stand out. Else a second scan costs more than the first one spares.
    """
    everywhere, tails, left = slice(0, len(codes)), tail.lengths(), []
    for row in np.linspace(0, len(codes) - 1, TRIED).astype(np.intp):
        code = Code(codes[row] * scales[row].astype(np.float64))
        known = head.products(code, everywhere)
        last = _high(known + tail.products(code, everywhere), USUAL)
        left.append(np.count_nonzero(known + tails * code.length(tail.columns) >= last))
    return bool(MANY * np.median(left) < len(codes))


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
