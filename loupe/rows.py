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
        self._places = np.full(len(bounds), -1, np.intp)  # of each row among those that are kept
        self._kept: Floats = np.empty((0, dims), np.float32)
        self.fetched = 0

    def take(self, rows: Rows) -> Floats:
        """These rows, in this order; Damaged names the first that is not what it was."""
        places = self._places[rows]
        if (missing := rows[places < 0]).size:
            self._fetch(np.unique(missing))
            places = self._places[rows]
        return self._kept[places]

    def fetch_all(self) -> None:
        """Every row that is not in memory yet."""
        if (missing := np.flatnonzero(self._places < 0)).size:
            self._fetch(missing)

    def _fetch(self, missing: Rows) -> None:
        """Rows that follow each other are one request, of many at the same time."""
        self._make_room(self.fetched + len(missing))
        most = max(1, BLOCK_BYTES // self._bytes)
        ends = [0, *(np.flatnonzero(np.diff(missing) > 1) + 1).tolist(), len(missing)]
        parts = [(at, min(at + most, stop)) for start, stop in pairwise(ends) for at in range(start, stop, most)]
        with ThreadPoolExecutor(min(IN_FLIGHT, len(parts))) as threads:
            list(threads.map(lambda part: self._fetch_part(missing[slice(*part)], self.fetched + part[0]), parts))
        self._places[missing] = np.arange(self.fetched, self.fetched + len(missing))
        self.fetched += len(missing)

    def _make_room(self, rows: int) -> None:
        """For so many rows, and more to come: each is moved a few times only."""
        if rows > len(self._kept):
            kept = np.empty((min(len(self._places), max(rows, 2 * len(self._kept))), self._kept.shape[1]), np.float32)
            kept[: self.fetched] = self._kept[: self.fetched]
            self._kept = kept

    def _fetch_part(self, rows: Rows, place: int) -> None:
        first = int(rows[0])
        body = self._folder.read_part(EMBEDDINGS, self._first + first * self._bytes, len(rows) * self._bytes)
        if len(body) != len(rows) * self._bytes:
            raise Damaged(f"{self._folder.url}/{EMBEDDINGS} ends before its row {first + len(rows)}.")
        block = np.frombuffer(body, "<f4").reshape(len(rows), -1)
        for row, found in zip(rows.tolist(), checks(block), strict=True):
            if found != self._checks[row]:
                where, expected = f"{self._folder.url}/{EMBEDDINGS}, row {row}", f"{int(self._checks[row]):08x}"
                raise Damaged(f"{where}: its CRC-32 is {found:08x}, and was {expected}.")
        self._kept[place : place + len(rows)] = block
