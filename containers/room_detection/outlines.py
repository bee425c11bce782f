"""A room's mask → its outline: notches of door leaves closed, whiskers opened away, corners kept."""

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.masks import Mask, bordered, closed, opened
from containers.room_detection.parameters import Parameters

MARGIN = 10


def outline(mask: Mask, parameters: Parameters) -> NDArray[np.float64] | None:
    """The polygon (n, 2) around the mask's largest part, in the mask's coordinates; None if nothing is left."""
    smooth = parameters.outline_smoothing_pixels
    whole = opened(closed(bordered(mask, MARGIN, 0), smooth, smooth), 5, 5)
    contours, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    largest = max(contours, key=cv2.contourArea)
    corners = cv2.approxPolyDP(largest, parameters.outline_tolerance_pixels, closed=True).reshape(-1, 2)
    return np.asarray(corners, np.float64) - MARGIN + 0.5 if len(corners) >= 3 else None
