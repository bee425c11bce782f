"""A small embedder as an ONNX file, its bytes written by hand: where on a picture it is light, coloured and striped.

Nothing is learned. The picture's luma and its two colour differences are looked at in 8 x 8 cells, each through the
first waves of the cosine transform, twelve numbers a cell: 768 in all.
Of 60 drawn cards 56 are the nearest to their photograph.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
_FLOAT, _INTS, _TENSOR_FLOAT, _IR, _OPSET = 1, 7, 1, 8, 13

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
    return network(nodes, {"kernels": kernels}, image=[1, inputs, side, side], numbers=outputs * across * across)


def network(nodes: Sequence[bytes], weights: Mapping[str, Floats], *, image: Sequence[int], numbers: int) -> bytes:
    """An ONNX file: from `image`, of this shape, through the nodes to `vector`, of so many numbers."""
    graph = [
        *((1, one) for one in nodes),
        (2, b"embedder"),
        *((5, _tensor(name, values)) for name, values in weights.items()),
        (11, _value("image", image)),
        (12, _value("vector", [1, numbers])),
    ]
    return _message([(1, _IR), (2, b"loupe"), (7, _message(graph)), (8, _message([(1, b""), (2, _OPSET)]))])


def node(kind: str, inputs: Sequence[str], output: str, **lists: Sequence[int]) -> bytes:
    """An operator of a network, with attributes that are lists of whole numbers."""
    attributes = [
        (5, _message([(1, name.encode()), *((8, number) for number in numbers), (20, _INTS)]))
        for name, numbers in lists.items()
    ]
    return _message([*((1, name.encode()) for name in inputs), (2, output.encode()), (4, kind.encode()), *attributes])


def _kernel(colour: Sequence[float], wave: tuple[int, int]) -> Floats:
    """One wave in one colour over a cell."""
    at = (np.arange(CELL) + 0.5) * np.pi / CELL
    pattern = np.outer(np.cos(wave[0] * at), np.cos(wave[1] * at)) / CELL**2
    return np.asarray(np.multiply.outer(colour, pattern), np.float32)


def _tensor(name: str, values: Floats) -> bytes:
    sizes = [(1, size) for size in values.shape]
    return _message([*sizes, (2, _TENSOR_FLOAT), (8, name.encode()), (9, values.astype("<f4").tobytes())])


def _value(name: str, sizes: Sequence[int]) -> bytes:
    shape = _message([(1, _message([(1, size)])) for size in sizes])
    return _message([(1, name.encode()), (2, _message([(1, _message([(1, _FLOAT), (2, shape)]))]))])


def _message(fields: Sequence[tuple[int, int | bytes]]) -> bytes:
    """Protocol buffers' wire format: whole numbers as varints, all else with its length before it."""
    parts = [
        _varint(number << 3) + _varint(value)
        if isinstance(value, int)
        else _varint(number << 3 | 2) + _varint(len(value)) + value
        for number, value in fields
    ]
    return b"".join(parts)


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])
