"""Rows → cells of rows that lie together, for versions too large to be scanned for each query."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containers.search.matrix import Matrix
from loupe.cells import cell_type
from loupe.codes import Floats, Rows

SCANNED_BYTES = 100_000 * 768  # of codes: more take longer than 5 ms where memory gives 15 GB a second
CELLS = 8  # times the square root of the rows: with fewer, rows of many kinds share a center that is near to none
SAMPLED_PER_CELL = 32
ROUNDS = 6
SEED = 1


@dataclass(frozen=True)
class Clusters:
    """The order in which codes are stored, and the table of the cells they lie in."""

    order: Rows
    table: NDArray[np.void]


def clusters(matrix: Matrix) -> Clusters:
    """Cells of rows that are near to their center."""
    centers = _centers(matrix, min(matrix.rows, round(CELLS * math.sqrt(matrix.rows))))
    nearest, cosines = _assigned(matrix, centers)
    reach = np.ones(len(centers), np.float32)
    np.minimum.at(reach, nearest, np.nextafter(cosines, np.float32(-2), dtype=np.float32))
    sizes = np.bincount(nearest, minlength=len(centers))
    filled = sizes > 0
    table = np.zeros(int(filled.sum()), cell_type(matrix.dims))
    table["center"], table["reach"], table["stop"] = centers[filled], reach[filled], np.cumsum(sizes[filled])
    return Clusters(np.argsort(nearest, kind="stable"), table)


def _centers(matrix: Matrix, count: int) -> Floats:
    """Spherical k-means over a sample; a center that loses all its rows begins anew at one that is far from its own."""
    random = np.random.default_rng(SEED)
    sample = matrix.sample(np.sort(random.choice(matrix.rows, min(matrix.rows, SAMPLED_PER_CELL * count), False)))
    centers = sample[np.sort(random.choice(len(sample), count, replace=False))]
    for _ in range(ROUNDS):
        nearest, cosines = _nearest(sample, centers)
        sums = np.zeros_like(centers)
        np.add.at(sums, nearest, sample)
        empty = np.flatnonzero(np.bincount(nearest, minlength=count) == 0)
        sums[empty] = sample[np.argsort(cosines, kind="stable")[: len(empty)]]
        centers = _unit(sums)
    return centers


def _assigned(matrix: Matrix, centers: Floats) -> tuple[Rows, Floats]:
    nearest, cosines = np.empty(matrix.rows, np.intp), np.empty(matrix.rows, np.float32)
    for start, block in matrix.blocks():
        end = start + len(block)
        nearest[start:end], _ = _nearest(block, centers)
        wide = block.astype(np.float64)
        wide /= np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
        cosines[start:end] = np.einsum("ij,ij->i", wide, centers[nearest[start:end]].astype(np.float64))
    return nearest, cosines


def _nearest(rows: Floats, centers: Floats) -> tuple[Rows, Floats]:
    """For each row the number of its center, and its cosine with it."""
    found = [_nearest_of(rows[start : start + 4096], centers) for start in range(0, len(rows), 4096)]
    return np.concatenate([nearest for nearest, _ in found]), np.concatenate([cosines for _, cosines in found])


def _nearest_of(rows: Floats, centers: Floats) -> tuple[Rows, Floats]:
    cosines = rows @ centers.T
    nearest = cosines.argmax(axis=1)
    return nearest, cosines[np.arange(len(rows)), nearest]


def _unit(rows: Floats) -> Floats:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    found: Floats = np.divide(rows, np.maximum(lengths, 1e-30)[:, None], dtype=np.float32)
    return found
