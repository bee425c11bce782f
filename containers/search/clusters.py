"""Rows → cells of rows that lie together, so that few need be looked at for a query."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containers.search.matrix import Matrix
from loupe.cells import cell_type
from loupe.codes import Floats, Rows, encode

CELLS = 16  # times the square root of the rows,
MOST_CELLS = 8000  # which are scanned in half a millisecond,
ROWS_PER_CELL = 20  # at least, so that centers are a twentieth of what a cold start fetches
FAR_ROWS = 0.05  # of all, those that are furthest from their centers, get centers of their own:
FAR_CELLS = 0.1  # of all
SAMPLED_PER_CELL = 16
ROUNDS = 6
BLOCK_ROWS = 4096
SEED = 1


@dataclass(frozen=True)
class Clusters:
    """The order in which codes are stored, and the table of the cells they lie in."""

    order: Rows
    table: NDArray[np.void]


def clusters(matrix: Matrix) -> Clusters:
    """Cells of rows that are near to their center."""
    centers, nearest, cosines = _centers(matrix)
    reach = np.ones(len(centers), np.float32)
    np.minimum.at(reach, nearest, np.nextafter(cosines, np.float32(-2), dtype=np.float32))
    sizes = np.bincount(nearest, minlength=len(centers))
    filled = sizes > 0
    table = np.zeros(int(filled.sum()), cell_type(matrix.dims))
    table["reach"], table["stop"] = reach[filled], np.cumsum(sizes[filled])
    table["code"], table["scale"], _ = encode(centers[filled])
    return Clusters(np.argsort(nearest, kind="stable"), table)


def _centers(matrix: Matrix) -> tuple[Floats, Rows, Floats]:
    """Centers, and for each row the number of its own and its cosine with it.

    Most centers are the means of a sample. Some clusters are not near to any of them, and their rows go to cells all
    over, where a query would not look: so the rows that are furthest from their centers get more centers.
    """
    random = np.random.default_rng(SEED)
    count = max(2, min(matrix.rows // ROWS_PER_CELL, round(CELLS * math.sqrt(matrix.rows)), MOST_CELLS))
    of_far = max(1, round(FAR_CELLS * count))
    sampled = np.sort(random.choice(matrix.rows, min(matrix.rows, SAMPLED_PER_CELL * count), replace=False))
    centers = _means(matrix.sample(sampled), count - of_far, random)
    nearest, cosines = _assigned(matrix, centers)
    far = np.sort(np.argsort(cosines, kind="stable")[: max(of_far, round(FAR_ROWS * matrix.rows))])
    rows = matrix.sample(far)
    more = _means(rows, of_far, random)
    numbers, better = _proven(rows, more)
    moved = better > cosines[far]
    nearest[far[moved]], cosines[far[moved]] = numbers[moved] + len(centers), better[moved]
    return np.concatenate([centers, more]), nearest, cosines


def _means(rows: Floats, count: int, random: np.random.Generator) -> Floats:
    """Spherical k-means; a center that loses all its rows begins anew at one that is far from its own.

    They are what their codes say: so the cosines of rows with them are not off by what codes leave.
    """
    centers = rows[np.sort(random.choice(len(rows), count, replace=False))]
    for _ in range(ROUNDS):
        nearest, cosines = _nearest(rows, centers)
        sums = np.zeros_like(centers)
        np.add.at(sums, nearest, rows)
        empty = np.flatnonzero(np.bincount(nearest, minlength=count) == 0)
        sums[empty] = rows[np.argsort(cosines, kind="stable")[: len(empty)]]
        centers = _unit(sums)
    codes, scales, _ = encode(centers)
    return _unit(codes * scales[:, None])


def _assigned(matrix: Matrix, centers: Floats) -> tuple[Rows, Floats]:
    found = [_proven(block, centers) for _, block in matrix.blocks()]
    return np.concatenate([nearest for nearest, _ in found]), np.concatenate([cosines for _, cosines in found])


def _proven(rows: Floats, centers: Floats) -> tuple[Rows, Floats]:
    """For each row the number of its center, and its cosine with it, summed in float64: proofs rest on that."""
    nearest, cosines = _nearest(rows, centers)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        wide = rows[block].astype(np.float64)
        wide /= np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
        cosines[block] = np.einsum("ij,ij->i", wide, centers[nearest[block]].astype(np.float64))
    return nearest, cosines


def _nearest(rows: Floats, centers: Floats) -> tuple[Rows, Floats]:
    """For each row the number of its center, and its cosine with it."""
    found = [_nearest_of(rows[at : at + BLOCK_ROWS], centers) for at in range(0, len(rows), BLOCK_ROWS)]
    return np.concatenate([nearest for nearest, _ in found]), np.concatenate([cosines for _, cosines in found])


def _nearest_of(rows: Floats, centers: Floats) -> tuple[Rows, Floats]:
    cosines = rows @ centers.T
    nearest = cosines.argmax(axis=1)
    return nearest, cosines[np.arange(len(rows)), nearest]


def _unit(rows: Floats) -> Floats:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    found: Floats = np.divide(rows, np.maximum(lengths, 1e-30)[:, None], dtype=np.float32)
    return found
