"""Unit vectors ↔ int8 codes that say how far each is from its row: what the proof of a search rests on."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Rows = NDArray[np.intp]
Bytes = NDArray[np.int8]

LONGEST = 127
NORM_TOLERANCE = 1e-3  # of a row: what is left of a unit vector that was kept as float16 meanwhile
BOUND = np.dtype([("row", "<u4"), ("scale", "<f4"), ("error", "<f4"), ("crc", "<u4")])


class BadVector(ValueError):
    """A vector that has no direction, or not as many numbers as the rows."""


def unit(vector: ArrayLike, dims: int) -> Floats:
    """The vector with length 1; BadVector where it has none."""
    given = np.asarray(vector, np.float64)
    if given.shape != (dims,):
        raise BadVector(f"The vector has {given.shape} numbers where the rows of this version have {dims}.")
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


def scores(rows: Floats, query: Floats) -> Floats:
    """The product of each row with the query, the same for equal rows wherever they lie, as float32 has it."""
    products: Doubles = rows.astype(np.float64) * query.astype(np.float64)
    found: Any = products.sum(axis=1)
    return np.asarray(found, np.float32)
