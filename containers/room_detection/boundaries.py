"""A plan's pixels → what each of them is, by a small network that was trained on generated plans alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import Empty, SimpleQueue

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.masks import Gray

WEIGHTS = Path(__file__).with_name("boundaries.onnx")
STRIDE = 2  # pixels of the plan for each cell of the maps

Map = NDArray[np.float32]
_idle: SimpleQueue[cv2.dnn.Net] = SimpleQueue()


@dataclass(frozen=True)
class Boundaries:
    """Probabilities in 0..1, maps of half the plan's height and width."""

    wall: Map
    opening: Map
    room: Map
    core: Map


def classify(pixels: Gray) -> Boundaries:
    """Read a plan (h, w), dark on 255, whose sides are multiples of 32."""
    with _network() as network:
        network.setInput(((255 - pixels).astype(np.float32) / 255)[None, None])
        scores = np.array(network.forward(), np.float32)[0]
    weights = np.exp(scores - scores.max(axis=0))
    _, wall, opening, edge, core = weights / weights.sum(axis=0)
    return Boundaries(wall, opening, edge + core, core)


@contextmanager
def _network() -> Iterator[cv2.dnn.Net]:
    """One that nobody uses now: networks keep their last input, and there are as many as were ever used at once."""
    try:
        network = _idle.get_nowait()
    except Empty:
        network = cv2.dnn.readNetFromONNX(_weights())
    yield network
    _idle.put(network)


@cache
def _weights() -> NDArray[np.uint8]:
    return np.fromfile(WEIGHTS, np.uint8)
