"""A room's mask → its outline and holes: few corners, shafts left out."""

import cv2
import numpy as np
from cv2.typing import MatLike

from containers.room_detection.masks import Mask
from containers.room_detection.parameters import Parameters
from containers.room_detection.right_angles import Polygon

ZOOM = 4  # contours run through the centres of pixels: on an enlarged mask they follow the room's edge
MARGIN = 2
SQUARE = np.ones((3, 3), np.uint8)


def outlines(mask: Mask, parameters: Parameters) -> tuple[Polygon, list[Polygon]] | None:
    """The polygon (n, 2) around the mask's largest part and those of its holes; None if nothing is left.

    Slits along door leaves and furniture are closed around the room, but shafts in it stay as they are.
    """
    padded = np.pad(mask, MARGIN)
    around, within = _rings(np.asarray(cv2.morphologyEx(padded, cv2.MORPH_CLOSE, SQUARE), np.uint8))
    outer = _polygon(around, parameters)
    if outer is None:
        return None
    smallest_hole = max(parameters.smallest_hole * ZOOM**2, parameters.smallest_hole_share * cv2.contourArea(around))
    shafts = _rings(padded)[1] if within else []
    holes = (_polygon(shaft, parameters) for shaft in shafts if cv2.contourArea(shaft) >= smallest_hole)
    return outer, [hole for hole in holes if hole is not None]


def _rings(mask: Mask) -> tuple[MatLike, list[MatLike]]:
    """Without hairs, enlarged: the contour around the largest part, and those of its holes."""
    whole = cv2.morphologyEx(mask, cv2.MORPH_OPEN, SQUARE)
    large = cv2.resize(whole * np.uint8(255), None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_LINEAR)
    contours, tree = cv2.findContours((large > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return np.zeros((0, 1, 2), np.int32), []
    areas = [cv2.contourArea(contour) if link[3] < 0 else 0.0 for contour, link in zip(contours, tree[0], strict=True)]
    largest = int(np.argmax(areas))
    holes = [contour for contour, link in zip(contours, tree[0], strict=True) if link[3] == largest]
    return contours[largest], holes


def _polygon(contour: MatLike, parameters: Parameters) -> Polygon | None:
    """Few corners (Douglas and Peucker, 1973), in the mask's coordinates."""
    if not len(contour):
        return None
    corners = cv2.approxPolyDP(contour, parameters.outline_tolerance * ZOOM, closed=True).reshape(-1, 2)
    return (np.asarray(corners, np.float64) + 0.5) / ZOOM - MARGIN if len(corners) >= 3 else None
