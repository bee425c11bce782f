"""Luma → three 64-bit fingerprints that survive rescaling and recompression, as 16 hex digits."""

import numpy as np
from numpy.typing import NDArray

from containers.plate_runs.pictures import Pixels, reduced

_SIDE = 8
_DCT_SIDE = 32
_PHASES = np.outer(np.arange(_SIDE), np.arange(_DCT_SIDE) + 0.5) * np.pi / _DCT_SIDE
_COSINES = np.rint(np.cos(_PHASES) * (1 << 16)).astype(np.int64)  # whole numbers: alike on every machine


def hashes(working: Pixels) -> dict[str, str]:
    """Of the working luma; a bit that is nearly a tie may differ from one computed from all pixels."""
    return {"ahash": ahash(working), "dhash": dhash(working), "phash": phash(working)}


def ahash(working: Pixels) -> str:
    """Which of 8 x 8 cells are brighter than their mean."""
    cells = reduced(working, (_SIDE, _SIDE)).astype(np.int64)
    return _hex(cells * cells.size > cells.sum())


def dhash(working: Pixels) -> str:
    """Which of 9 x 8 cells are brighter than their left neighbour."""
    cells = reduced(working, (_SIDE + 1, _SIDE))
    return _hex(cells[:, 1:] > cells[:, :-1])


def phash(working: Pixels) -> str:
    """Which of the 8 x 8 lowest cosine coefficients of 32 x 32 cells are above the median of all but the first."""
    cells = reduced(working, (_DCT_SIDE, _DCT_SIDE)).astype(np.int64)
    waves = (_COSINES @ cells @ _COSINES.T).ravel()
    return _hex(waves > np.median(waves[1:]))


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()
