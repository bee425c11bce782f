"""Unit vectors → int8 codes with how far each is from its vector: what the proof of a search rests on."""

import math
import zlib
from functools import cached_property
from typing import Any

import numkong
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.intp]
Bytes = NDArray[np.int8]

LONGEST = 127
WHOLE = slice(None)
ROUNDING = 2e-6  # more than a float32 score and its estimate by float32 are off
NORM_TOLERANCE = 1e-3  # of a row: what is left of a unit vector that was kept as float16 meanwhile
BOUND = np.dtype([("row", "<u4"), ("scale", "<f4"), ("error", "<f4"), ("crc", "<u4")])


class BadVector(ValueError):
    """A vector that has no direction, or not as many numbers as the rows."""


def unit(vector: ArrayLike, dims: int) -> Floats:
    """The vector with length 1; BadVector where it has none."""
    given = np.asarray(vector, np.float64)
    if given.shape != (dims,):
        raise BadVector(
            f"The vector has {' x '.join(map(str, given.shape))} numbers; the rows of this version have {dims}."
        )
    largest = np.abs(given).max()
    if not np.isfinite(largest) or not largest:
        raise BadVector("The vector has no direction: it holds a number that is not finite, or only zeros.")
    given = given / largest
    return np.asarray(given / np.sqrt(given @ given), np.float32)


def encode(rows: Floats) -> tuple[Bytes, Floats, Floats]:
    """Codes, scale and error of each row: `|row - scale * code| <= error`, errors rounded up."""
    scales = (np.abs(rows).max(axis=1) / LONGEST).astype(np.float32)
    scales[scales == 0] = 1
    codes = np.clip(np.rint(rows / scales[:, None]), -LONGEST, LONGEST).astype(np.int8)
    return codes, scales, errors(rows, codes, scales)


def errors(rows: Floats, codes: Bytes, scales: Floats) -> Floats:
    """How far each row is from what its code says, rounded up."""
    left = rows.astype(np.float64) - codes.astype(np.float64) * scales.astype(np.float64)[:, None]
    found: Floats = np.sqrt(np.square(left).sum(axis=1)).astype(np.float32)
    return np.nextafter(found, np.float32(np.inf), dtype=np.float32)


def lengths(codes: Bytes, scales: Floats) -> Floats:
    """Of what each code says."""
    found: Floats = np.sqrt(np.einsum("ij,ij->i", codes, codes, dtype=np.int32), dtype=np.float32)
    return found * scales


def checks(rows: Floats) -> list[int]:
    """The CRC-32 of each row."""
    return [zlib.crc32(row) for row in np.ascontiguousarray(rows, "<f4")]


class Code:
    """The code of a vector, and what it leaves of it, with that one's length."""

    def __init__(self, vector: Doubles) -> None:
        self.scale = float(np.abs(vector).max()) / LONGEST or 1.0
        numbers = np.rint(vector / self.scale)
        self._numbers = numbers.astype(np.int8)[None, :]
        self.left = vector - numbers * self.scale
        self.error = math.sqrt(self.left @ self.left)

    def products(self, codes: Bytes, scales: Floats, columns: slice = WHOLE) -> Floats:
        """Of what this code says with what those say, in these columns, which are all that `codes` has."""
        numbers = self._numbers[:, columns]
        found: Floats = np.asarray(numkong.cdist(numbers, codes, "dot", out_dtype="float32")).reshape(-1)
        found *= scales
        found *= self.scale
        return found

    def length(self, columns: slice) -> float:
        """Of what this code says in these columns."""
        [found] = lengths(self._numbers[:, columns], np.array([self.scale], np.float32))
        return float(found)


class Question:
    """A query, its code, and the code of what that leaves."""

    def __init__(self, query: Floats) -> None:
        self.query = query
        self.code = Code(query.astype(np.float64))

    @cached_property
    def finer(self) -> Code:
        return Code(self.code.left)


def margins(errors: Floats, error: float) -> Floats:
    """How far scores may be from what codes say (Cauchy and Schwarz), where a query's code has this error.

    It is the query with what the row's code leaves, and the row's code, no longer than its row and what it leaves, with
    what the query's code leaves.
    """
    found = errors * (1 + error + ROUNDING)
    found += error * (1 + NORM_TOLERANCE) + ROUNDING
    return found


def scores(rows: Floats, query: Floats) -> Floats:
    """The product of each row with the query, the same for equal rows wherever they lie, as float32 has it."""
    products: Doubles = rows.astype(np.float64) * query.astype(np.float64)
    found: Any = products.sum(axis=1)
    return np.asarray(found, np.float32)
