"""The float32 rows of a version, fetched when a search first needs them, each checked by its CRC-32."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from loupe.artifacts import Artifacts
from loupe.codes import Floats, Rows, checks

EMBEDDINGS = "embeddings.npy"
IN_FLIGHT = 16  # requests for rows
BLOCK_BYTES = 8 << 20


class Damaged(ValueError):
    """A file of a version that is not what its version says."""


class RowFile:
    """Rows at the end of `embeddings.npy`; those that were fetched stay in memory."""

    def __init__(self, folder: Artifacts, size: int, dims: int, bounds: NDArray[np.void]) -> None:
        self._folder, self._bytes = folder, 4 * dims
        self._first = size - len(bounds) * self._bytes
        self._checks = np.empty(len(bounds), np.uint32)
        self._checks[bounds["row"]] = bounds["crc"]
        self._rows = np.empty((len(bounds), dims), np.float32)  # the system gives memory to what is written only
        self._there = np.zeros(len(bounds), np.bool_)

    @property
    def fetched(self) -> int:
        """How many rows are in memory."""
        return int(np.count_nonzero(self._there))

    def take(self, rows: Rows) -> Floats:
        """These rows, in this order; Damaged names the first that is not what it was."""
        self._fetch(np.unique(rows[~self._there[rows]]))
        return np.asarray(self._rows[rows], np.float32)

    def fetch_all(self) -> None:
        """Every row that is not in memory yet."""
        self._fetch(np.flatnonzero(~self._there))

    def _fetch(self, missing: Rows) -> None:
        """Rows that follow each other are one request, of many at the same time."""
        most = max(1, BLOCK_BYTES // self._bytes)
        ends = [0, *(np.flatnonzero(np.diff(missing) > 1) + 1).tolist(), len(missing)]
        parts = [
            missing[at : min(at + most, stop)] for start, stop in pairwise(ends) for at in range(start, stop, most)
        ]
        if len(parts) > 1:
            with ThreadPoolExecutor(min(IN_FLIGHT, len(parts))) as threads:
                list(threads.map(self._fetch_part, parts))
        elif parts:
            self._fetch_part(parts[0])

    def _fetch_part(self, rows: Rows) -> None:
        first = int(rows[0])
        body = self._folder.read_part(EMBEDDINGS, self._first + first * self._bytes, len(rows) * self._bytes)
        if len(body) != len(rows) * self._bytes:
            raise Damaged(f"{self._folder.url}/{EMBEDDINGS} ends before its row {first + len(rows)}.")
        block = np.frombuffer(body, "<f4").reshape(len(rows), -1)
        for row, found in zip(rows.tolist(), checks(block), strict=True):
            if found != self._checks[row]:
                where, expected = f"{self._folder.url}/{EMBEDDINGS}, row {row}", f"{int(self._checks[row]):08x}"
                raise Damaged(f"{where}: its CRC-32 is {found:08x}, and was {expected}.")
        self._rows[rows], self._there[rows] = block, True
