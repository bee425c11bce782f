"""The products of a query with all codes, as fast as memory gives them."""

import numpy as np
from numpy.typing import NDArray

from loupe.codes import LONGEST_DIGIT, Bytes
from loupe.onnx import ANY, network, node, session

BLOCK_ROWS = 32_768  # that are packed at once, so that a copy is small beside all of them
MIDDLE = LONGEST_DIGIT + 1


class Scan:
    """Codes, packed for onnxruntime's product of integers.

    Its kernels without VNNI add two products of bytes in 16 bits, and would saturate; they do not where one factor has
    7 bits, as the digits of a query have.
    """

    def __init__(self, codes: Bytes) -> None:
        starts = range(0, len(codes), BLOCK_ROWS)
        self._blocks = [session(_product(codes[start : start + BLOCK_ROWS])) for start in starts]

    def products(self, digits: Bytes) -> NDArray[np.int32]:
        """Of vectors of digits (count, dims) with each code: (count, rows)."""
        asked = {"digits": (digits + np.int8(MIDDLE)).view(np.uint8)}
        found = [block.run(["products"], asked)[0] for block in self._blocks]
        return found[0] if len(found) == 1 else np.concatenate(found, axis=1)


def _product(codes: Bytes) -> bytes:
    rows, dims = codes.shape
    return network(
        [node("MatMulInteger", ["digits", "codes", "middle"], "products")],
        {"codes": codes.T, "middle": np.array(MIDDLE, np.uint8)},
        ("digits", np.uint8, [ANY, dims]),
        ("products", np.int32, [ANY, rows]),
    )
