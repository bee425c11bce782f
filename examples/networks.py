"""A small embedder as an ONNX file: where on a picture it is light, coloured and striped.

Nothing is learned. The picture's luma and its two colour differences are looked at in 8 x 8 cells, each through the
first waves of the cosine transform, twelve numbers a cell: 768 in all.
Of 60 drawn cards 56 are the nearest to their photograph.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loupe.onnx import network, node

SIDE, CELL, DIMENSIONS = 64, 8, 768
PREPROCESSING: dict[str, Any] = {
    "width": SIDE,
    "height": SIDE,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
    "order": "RGB",
    "layout": "NCHW",
}
_COLOURS = ((0.299, 0.587, 0.114), (-0.169, -0.331, 0.5), (0.5, -0.419, -0.081))  # luma, towards blue, towards red
_WAVES = ((0, 0), (0, 1), (1, 0), (1, 1))  # down, across

Floats = NDArray[np.float32]


def colour_layout() -> bytes:
    """The network: a picture (1, 3, 64, 64) in, a vector (1, 768) out."""
    kernels = np.asarray([_kernel(colour, wave) for colour in _COLOURS for wave in _WAVES], np.float32)
    return embedder(kernels, stride=CELL, side=SIDE)


def embedder(kernels: Floats, *, stride: int, side: int) -> bytes:
    """A convolution with these kernels (out, in, down, across), and its outputs in a row."""
    outputs, inputs, *_ = kernels.shape
    across = (side - kernels.shape[3]) // stride + 1
    nodes = [
        node("Conv", ["image", "kernels"], "cells", strides=[stride, stride]),
        node("Flatten", ["cells"], "vector"),
    ]
    image, vector = [1, inputs, side, side], [1, outputs * across * across]
    return network(nodes, {"kernels": kernels}, ("image", np.float32, image), ("vector", np.float32, vector))


def _kernel(colour: Sequence[float], wave: tuple[int, int]) -> Floats:
    """One wave in one colour over a cell."""
    at = (np.arange(CELL) + 0.5) * np.pi / CELL
    pattern = np.outer(np.cos(wave[0] * at), np.cos(wave[1] * at)) / CELL**2
    return np.asarray(np.multiply.outer(colour, pattern), np.float32)
