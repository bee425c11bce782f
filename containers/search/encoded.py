"""The codes of a version against its rows: each row is one, is the one that was encoded, and its bounds are true."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from containers.search.findings import Finding
from containers.search.matrix import Matrix, bad_rows
from loupe.cells import centers
from loupe.codes import Floats, Rows, checks, errors
from loupe.loaded import array
from loupe.reference import BOUNDS, CELLS, CODES, EMBEDDINGS, SEAL, Version

ROUNDING = 1e-6  # of cosines and lengths


class Encoded:
    """Codes, bounds and cells, read whole; rows are read in blocks."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._codes, self._bounds = array(version.read(CODES)), array(version.read(BOUNDS))
        self._cells = array(version.read(CELLS)) if CELLS in version.facts["files"] else None

    def findings(self) -> Iterator[Finding]:
        """Rows that are not as they must be."""
        with self._version.folder.open(EMBEDDINGS) as file:
            matrix, facts = Matrix(file), self._version.facts
            shapes = {
                EMBEDDINGS: (matrix.rows, matrix.dims),
                CODES: self._codes.shape,
                SEAL: (facts["rows"], facts["dims"]),
            }
            if len(set(shapes.values())) > 1 or not _each_once(self._bounds["row"], matrix.rows):
                told = ", ".join(f"{shape} in {name}" for name, shape in shapes.items())
                yield Finding(BOUNDS, f"it must have each row once, of {told}")
                return
            if self._cells is not None:
                yield from _stretched(self._cells)
            places = np.argsort(self._bounds["row"])
            for start, block in matrix.blocks():
                yield from self._of_block(start, block, places[start : start + len(block)])

    def _of_block(self, start: int, block: Floats, at: Rows) -> Iterator[Finding]:
        yield from bad_rows(start, block)
        bounds = self._bounds[at]
        for place, (found, expected) in enumerate(zip(checks(block), bounds["crc"].tolist(), strict=True)):
            if found != expected:
                yield Finding(EMBEDDINGS, f"its CRC-32 is {found:08x}, and {BOUNDS} says {expected:08x}", start + place)
        off = errors(block, self._codes[at], bounds["scale"])
        for place in np.flatnonzero(~(off <= bounds["error"])).tolist():
            said = f"{BOUNDS} says at most {bounds['error'][place]:.6g}"
            yield Finding(CODES, f"its code is off by {off[place]:.6g}, and {said}", start + place)
        if self._cells is not None:
            yield from _beyond(self._cells, start, block, at)


def _each_once(rows: NDArray[np.uint32], count: int) -> bool:
    return np.array_equal(np.sort(rows), np.arange(count))


def _stretched(cells: NDArray[np.void]) -> Iterator[Finding]:
    """Cells whose center is not of length 1, as proofs take it to be."""
    lengths = np.linalg.norm(centers(cells), axis=1)
    for cell in np.flatnonzero(~(np.abs(lengths - 1) <= ROUNDING)).tolist():
        yield Finding(CELLS, f"the center of cell {cell} has length {lengths[cell]:.6g}, and must have 1")


def _beyond(cells: NDArray[np.void], start: int, block: Floats, at: Rows) -> Iterator[Finding]:
    """Rows that are further from the middle of their cell than the cell says."""
    cell = np.searchsorted(cells["stop"], at, side="right")
    wide = block.astype(np.float64)
    cosines = np.einsum("ij,ij->i", wide, centers(cells[cell]))
    cosines /= np.sqrt(np.einsum("ij,ij->i", wide, wide))
    for place in np.flatnonzero(~(cosines >= cells["reach"][cell] - ROUNDING)).tolist():
        yield Finding(CELLS, f"its cell {cell[place]} does not reach it", start + place)
