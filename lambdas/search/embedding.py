"""A picture → its vector, by the embedder that a reference version holds."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image


class Embedder:
    """An ONNX network with one image in and one vector out, and how it wants its images."""

    def __init__(self, network: bytes, preprocessing: Mapping[str, Any]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._how = preprocessing

    def vector(self, picture: Image.Image) -> NDArray[np.float32]:
        """Of unit length; all zeros if the network says nothing."""
        [found, *_] = self._session.run(None, {self._input: blob(picture, self._how)})
        vector = np.asarray(found, np.float32).reshape(-1)
        length = float(np.linalg.norm(vector))
        return vector / length if length else vector


def blob(picture: Image.Image, how: Mapping[str, Any]) -> NDArray[np.float32]:
    """An RGB picture as the network wants it: stretched to its size, its channels in order and scaled."""
    resized = picture.resize((how["width"], how["height"]), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized, np.float32) / 255
    channels = pixels[..., ::-1] if how["order"] == "BGR" else pixels
    scaled = (channels - np.asarray(how["mean"], np.float32)) / np.asarray(how["std"], np.float32)
    laid_out = scaled if how["layout"] == "NHWC" else scaled.transpose(2, 0, 1)
    return cast("NDArray[np.float32]", np.ascontiguousarray(laid_out[None], np.float32))
