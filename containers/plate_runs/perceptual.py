"""Luma → three 64-bit fingerprints that survive rescaling and recompression, as 16 hex digits."""

import numpy as np
from numpy.typing import NDArray

from containers.plate_runs.pictures import Pixels, halved, reduced

_SIDE = 8
_DCT_SIDE = 32
_ENOUGH = 8 * _DCT_SIDE  # pixels across, of which still many make a cell
_PHASES = np.outer(np.arange(_SIDE), np.arange(_DCT_SIDE) + 0.5) * np.pi / _DCT_SIDE
_COSINES = np.rint(np.cos(_PHASES) * (1 << 16)).astype(np.int64)  # whole numbers: alike on every machine


def hashes(working: Pixels) -> dict[str, str]:
    """Of the working luma, halved while that is enough; bits that are nearly ties may differ from all pixels' own."""
    luma = working
    while min(luma.shape) >= _ENOUGH:
        luma = halved(luma)
    return {"ahash": ahash(luma), "dhash": dhash(luma), "phash": phash(luma)}


def ahash(luma: Pixels) -> str:
    """Which of 8 x 8 cells are brighter than their mean."""
    cells = reduced(luma, (_SIDE, _SIDE)).astype(np.int64)
    return _hex(cells * cells.size > cells.sum())


def dhash(luma: Pixels) -> str:
    """Which of 9 x 8 cells are brighter than their left neighbour."""
    cells = reduced(luma, (_SIDE + 1, _SIDE))
    return _hex(cells[:, 1:] > cells[:, :-1])


def phash(luma: Pixels) -> str:
    """Which of the 8 x 8 lowest cosine coefficients of 32 x 32 cells are above the median of all but the first."""
    cells = reduced(luma, (_DCT_SIDE, _DCT_SIDE)).astype(np.int64)
    waves = (_COSINES @ cells @ _COSINES.T).ravel()
    return _hex(waves > np.median(waves[1:]))


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()
