"""`embeddings.npy` as blocks of rows, each checked: float32, finite, of length 1."""

import os
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from containers.search.findings import Finding, Refused
from loupe.codes import NORM_TOLERANCE, Floats, Rows
from loupe.reference import EMBEDDINGS

BLOCK_ROWS = 4096


class Matrix:
    """Rows of an .npy file; Refused where its header or its size is not that of one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.rows, self.dims = _shape(file)
        self._first, end = file.tell(), file.seek(0, os.SEEK_END)
        expected = self._first + self.rows * self.dims * 4
        if end != expected:
            raise Refused([Finding(EMBEDDINGS, f"it has {end} bytes, and its header speaks of {expected}")])

    def blocks(self) -> Iterator[tuple[int, Floats]]:
        """The number of the first row of each block, and the block."""
        self._file.seek(self._first)
        for start in range(0, self.rows, BLOCK_ROWS):
            rows = min(BLOCK_ROWS, self.rows - start)
            body = self._file.read(rows * self.dims * 4)
            yield start, np.frombuffer(body, "<f4").reshape(rows, self.dims)

    def sample(self, rows: Rows) -> Floats:
        """Some rows, read one by one."""
        found = np.empty((len(rows), self.dims), np.float32)
        for place, row in enumerate(rows.tolist()):
            self._file.seek(self._first + row * self.dims * 4)
            found[place] = np.frombuffer(self._file.read(self.dims * 4), "<f4")
        return found


def bad_rows(start: int, block: Floats) -> Iterator[Finding]:
    """Rows that are not of length 1."""
    wide = block.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    for row in np.flatnonzero(~(np.abs(lengths - 1) <= NORM_TOLERANCE)).tolist():
        if np.isfinite(block[row]).all():
            reason = f"its length is {lengths[row]:.6g}, and must be 1 within {NORM_TOLERANCE}"
        else:
            column = int(np.flatnonzero(~np.isfinite(block[row]))[0])
            reason = f"its number {column} is {block[row, column]}, and all must be finite"
        yield Finding(EMBEDDINGS, reason, start + row)


def _shape(file: BinaryIO) -> tuple[int, int]:
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except ValueError as error:
        raise Refused([Finding(EMBEDDINGS, f"it is no .npy file: {error}")]) from None
    if len(shape) != 2 or fortran or dtype != np.dtype("<f4") or 0 in shape:
        order = "column by column" if fortran else "row by row"
        reason = f"it holds {dtype} of shape {shape}, {order}, and must hold <f4 (rows, dimensions), row by row"
        raise Refused([Finding(EMBEDDINGS, reason)])
    return shape[0], shape[1]
