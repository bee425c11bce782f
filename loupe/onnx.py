"""ONNX networks: run by one thread, and small ones written, with the little that is needed of the format."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import DTypeLike, NDArray

_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6}  # TensorProto.DataType
_INTS, _IR, _OPSET = 7, 8, 13
ANY = "any"  # a size that a run says


def session(body: bytes) -> onnxruntime.InferenceSession:
    """A network that is ready to run; onnxruntime's exceptions where it is none."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(body, options, providers=["CPUExecutionProvider"])


def network(
    nodes: Sequence[bytes],
    weights: Mapping[str, NDArray[Any]],
    given: tuple[str, DTypeLike, Sequence[int | str]],
    found: tuple[str, DTypeLike, Sequence[int | str]],
) -> bytes:
    """An ONNX file: what is given and what is found are told by name, type and sizes, of which names are any size."""
    graph = [
        *((1, one) for one in nodes),
        (2, b"network"),
        *((5, _tensor(name, values)) for name, values in weights.items()),
        (11, _value(*given)),
        (12, _value(*found)),
    ]
    return _message([(1, _IR), (2, b"loupe"), (7, _message(graph)), (8, _message([(1, b""), (2, _OPSET)]))])


def node(kind: str, inputs: Sequence[str], output: str, **lists: Sequence[int]) -> bytes:
    """An operator of a network, with attributes that are lists of whole numbers."""
    attributes = [
        (5, _message([(1, name.encode()), *((8, number) for number in numbers), (20, _INTS)]))
        for name, numbers in lists.items()
    ]
    return _message([*((1, name.encode()) for name in inputs), (2, output.encode()), (4, kind.encode()), *attributes])


def _tensor(name: str, values: NDArray[Any]) -> bytes:
    sizes = [(1, size) for size in values.shape]
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return _message([*sizes, (2, _type(values.dtype)), (8, name.encode()), (9, little.tobytes())])


def _value(name: str, dtype: DTypeLike, sizes: Sequence[int | str]) -> bytes:
    shape = [(1, _message([(1, size) if isinstance(size, int) else (2, size.encode())])) for size in sizes]
    kind = _message([(1, _type(dtype)), (2, _message(shape))])
    return _message([(1, name.encode()), (2, _message([(1, kind)]))])


def _type(dtype: DTypeLike) -> int:
    return _TYPES[np.dtype(dtype).name]


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
