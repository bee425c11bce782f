"""Rows of length 1 of several kinds, a search over them in memory, and what it must find."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loupe.cells import Cells
from loupe.codes import BOUND, Floats, checks, encode, unit
from loupe.nearest import Answer, Nearest


@dataclass
class Memory:
    """Rows in memory; `taken` are those that were asked for."""

    rows: Floats
    taken: int = 0

    def take(self, rows: NDArray[np.intp]) -> Floats:
        self.taken += len(rows)
        return self.rows[rows]


def of_length_one(rows: NDArray[Any]) -> Floats:
    wide = np.asarray(rows, np.float64)
    found: Floats = (wide / np.sqrt((wide**2).sum(axis=1, keepdims=True))).astype(np.float32)
    return found


def uniform(count: int, dims: int, seed: int = 1) -> Floats:
    return of_length_one(np.random.default_rng(seed).standard_normal((count, dims)))


def clustered(count: int, dims: int, seed: int = 1, *, clusters: int = 20, spread: float = 0.4) -> Floats:
    random = np.random.default_rng(seed)
    centers = of_length_one(random.standard_normal((clusters, dims)))
    noise = random.standard_normal((count, dims)) * spread / math.sqrt(dims)
    return of_length_one(centers[random.integers(0, clusters, count)] + noise)


def bounds_of(rows: Floats, order: NDArray[np.intp] | None = None) -> tuple[NDArray[np.int8], NDArray[np.void]]:
    order = np.arange(len(rows)) if order is None else order
    bounds = np.empty(len(rows), BOUND)
    codes, bounds["scale"], bounds["error"] = encode(rows[order])
    bounds["row"], bounds["crc"] = order, checks(rows[order])
    return codes, bounds


def nearest(rows: Floats, order: NDArray[np.intp] | None = None, cells: Cells | None = None) -> Nearest:
    return Nearest(*bounds_of(rows, order), Memory(rows), cells)


def expected(
    rows: Floats, vector: ArrayLike, limit: int, allowed: NDArray[np.bool_] | None = None
) -> list[tuple[int, float]]:
    """Row and score of the nearest, from sums that are exact to the last bit."""
    query = unit(vector, rows.shape[1]).astype(np.float64).tolist()
    among = range(len(rows)) if allowed is None else np.flatnonzero(allowed).tolist()
    products = {
        row: [a * b for a, b in zip(rows[row].astype(np.float64).tolist(), query, strict=True)] for row in among
    }
    scores = {row: float(np.float32(math.fsum(product))) for row, product in products.items()}
    return sorted(scores.items(), key=lambda found: (-found[1], found[0]))[:limit]


def told(answer: Answer) -> list[tuple[int, float]]:
    return [(hit.row, hit.score) for hit in answer.hits]
