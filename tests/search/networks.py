"""A network of one layer as an ONNX file: image → its pixels → a product with weights."""

from examples.networks import network, node
from loupe.codes import Floats


def one_layer(weights: Floats, *, side: int, layout: str = "NCHW") -> bytes:
    """Pixels of a square image to as many numbers as the weights have columns."""
    shape = [1, 3, side, side] if layout == "NCHW" else [1, side, side, 3]
    nodes = [node("Flatten", ["image"], "pixels"), node("MatMul", ["pixels", "weights"], "vector")]
    return network(nodes, {"weights": weights}, image=shape, numbers=weights.shape[1])
