"""A room's mask → its outline and holes: few corners, shafts left out."""

import cv2
import numpy as np

from containers.room_detection.masks import Mask
from containers.room_detection.parameters import Parameters
from containers.room_detection.right_angles import Polygon

ZOOM = 4  # contours run through the centres of pixels: on an enlarged mask they follow the room's edge
MARGIN = 2


def outlines(mask: Mask, parameters: Parameters) -> tuple[Polygon, list[Polygon]] | None:
    """The polygon (n, 2) around the mask's largest part and those of its holes; None if nothing is left."""
    square = np.ones((3, 3), np.uint8)
    closed = cv2.morphologyEx(np.pad(mask, MARGIN), cv2.MORPH_CLOSE, square)  # slits along door leaves and furniture
    whole = cv2.morphologyEx(closed, cv2.MORPH_OPEN, square)
    large = cv2.resize(whole * np.uint8(255), None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_LINEAR)
    contours, tree = cv2.findContours((large > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    areas = [cv2.contourArea(contour) if link[3] < 0 else 0.0 for contour, link in zip(contours, tree[0], strict=True)]
    largest = int(np.argmax(areas))
    outer = _polygon(contours[largest], parameters)
    if outer is None:
        return None
    smallest_hole = max(parameters.smallest_hole * ZOOM**2, parameters.smallest_hole_share * areas[largest])
    holes = [
        hole
        for contour, link in zip(contours, tree[0], strict=True)
        if link[3] == largest and cv2.contourArea(contour) >= smallest_hole
        if (hole := _polygon(contour, parameters)) is not None
    ]
    return outer, holes


def _polygon(contour: cv2.typing.MatLike, parameters: Parameters) -> Polygon | None:
    """Few corners (Douglas and Peucker, 1973), in the mask's coordinates."""
    corners = cv2.approxPolyDP(contour, parameters.outline_tolerance * ZOOM, closed=True).reshape(-1, 2)
    return (np.asarray(corners, np.float64) + 0.5) / ZOOM - MARGIN if len(corners) >= 3 else None
