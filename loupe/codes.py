"""Unit vectors → int8 codes with how far each is from its vector: what the proof of a search rests on."""

import math
import zlib
from typing import Any

import numkong
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.intp]
Bytes = NDArray[np.int8]

LONGEST = 127
LONGEST_DIGIT = 63
DIGITS = 2
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


def checks(rows: Floats) -> list[int]:
    """The CRC-32 of each row."""
    return [zlib.crc32(row) for row in np.ascontiguousarray(rows, "<f4")]


class Question:
    """A query, and its code: two vectors of digits, each with its scale, and the length of what they leave."""

    def __init__(self, query: Floats) -> None:
        self.query = query
        left, digits, scales = query.astype(np.float64), [], []
        for _ in range(DIGITS):
            scale = float(np.abs(left).max()) / LONGEST_DIGIT or 1.0
            digits.append(np.rint(left / scale))
            scales.append(scale)
            left = left - digits[-1] * scale
        self.digits: Bytes = np.array(digits, np.int8)
        self._scales = np.array(scales, np.float32)
        self.error = math.sqrt(left @ left)

    def products(self, codes: Bytes) -> Floats:
        """Of each vector of digits with each code."""
        return np.asarray(numkong.cdist(self.digits, codes, "dot", out_dtype="float32")).reshape(DIGITS, len(codes))

    def estimates(self, products: NDArray[Any], scales: Floats) -> Floats:
        """The scores that products with codes of these scales say."""
        found: Floats = products[0].astype(np.float32)
        found *= self._scales[0]
        found += products[1].astype(np.float32) * self._scales[1]
        found *= scales
        return found


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
