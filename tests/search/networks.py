"""A network of one layer as an ONNX file, written by hand: image → its pixels → a product with weights."""

import numpy as np

from loupe.codes import Floats

FLOAT, BYTES = 1, 2


def one_layer(weights: Floats, *, side: int, layout: str = "NCHW") -> bytes:
    """Pixels of a square image to as many numbers as the weights have columns."""
    shape = [1, 3, side, side] if layout == "NCHW" else [1, side, side, 3]
    flat = _node("Flatten", ["image"], ["pixels"])
    product = _node("MatMul", ["pixels", "weights"], ["vector"])
    tensor = b"".join(_number(1, size) for size in weights.shape) + _number(2, FLOAT)
    tensor += _text(8, b"weights") + _text(9, np.ascontiguousarray(weights, "<f4").tobytes())
    graph = _text(1, flat) + _text(1, product) + _text(2, b"layer") + _text(5, tensor)
    graph += _text(11, _value(b"image", shape)) + _text(12, _value(b"vector", [1, weights.shape[1]]))
    return _number(1, 8) + _text(7, graph) + _text(8, _text(1, b"") + _number(2, 13))


def _node(operator: str, inputs: list[str], outputs: list[str]) -> bytes:
    wires = b"".join(_text(1, name.encode()) for name in inputs) + b"".join(_text(2, name.encode()) for name in outputs)
    return wires + _text(4, operator.encode())


def _value(name: bytes, shape: list[int]) -> bytes:
    sizes = b"".join(_text(1, _number(1, size)) for size in shape)
    return _text(1, name) + _text(2, _text(1, _number(1, FLOAT) + _text(2, sizes)))


def _text(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | BYTES) + _varint(len(body)) + body


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    groups = []
    while True:
        value, group = value >> 7, value & 0x7F
        groups.append(group | (0x80 if value else 0))
        if not value:
            return bytes(groups)
