"""A network of one layer as an ONNX file: image → its pixels → a product with weights."""

import numpy as np

from loupe.codes import Floats
from loupe.onnx import network, node


def one_layer(weights: Floats, *, side: int, layout: str = "NCHW") -> bytes:
    """Pixels of a square image to as many numbers as the weights have columns."""
    shape = [1, 3, side, side] if layout == "NCHW" else [1, side, side, 3]
    nodes = [node("Flatten", ["image"], "pixels"), node("MatMul", ["pixels", "weights"], "vector")]
    vector = [1, weights.shape[1]]
    return network(nodes, {"weights": weights}, ("image", np.float32, shape), ("vector", np.float32, vector))
