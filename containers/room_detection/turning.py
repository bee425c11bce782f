"""How far a drawing is turned from upright, and the turn back."""

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.masks import Gray
from containers.room_detection.parameters import Parameters

Points = NDArray[np.float64]


def turn_of(gray: Gray, parameters: Parameters) -> float:
    """The angle in radians, -π/4 to π/4, of most strokes; 0 where they agree on none, or are almost upright.

    Gradients are added fourfold, so that the two sides of a stroke and right angles fall together.
    """
    step = max(1, round((gray.size / parameters.turn_pixels) ** 0.5))
    reduced = cv2.resize(gray, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    across, down = (cv2.Sobel(reduced, cv2.CV_32F, *axis) for axis in ((1, 0), (0, 1)))
    strong = np.abs(across) + np.abs(down) > parameters.least_gradient
    gradients = across[strong] + 1j * down[strong]
    lengths = np.abs(gradients)
    fourfold = complex((gradients**4 / np.maximum(lengths, 1) ** 3).sum())
    angle = float(np.angle(fourfold) / 4)
    agreed = abs(fourfold) > parameters.least_agreement * float(lengths.sum())
    return angle if agreed and abs(angle) > parameters.smallest_turn else 0.0


def turn(angle: float) -> NDArray[np.float64]:
    """The matrix (2, 2) by which column vectors turn, x to the right and y down."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])
