"""Other ways from a plan to its rooms: what they once scored, and one that runs beside ours."""

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.detector import Room

HEADINGS = ("measured once, elsewhere, on these plans", "mask F1 .5", "mask F1 .75", "box F1 .5", "ms/MP")
MEASURED_ONCE = (
    ("published OpenCV detector of the same job", "0.025", "-", "-", "-"),
    ("Otsu and connected components", "0.26", "-", "-", "-"),
    ("popular open-source floor-plan converter", "0.29", "-", "-", "150-350"),
    ("classical prototype of forty minutes", "0.62", "-", "-", "-"),
    ("our first classical detector, version 1.0.0", "0.619", "0.438", "0.564", "-"),
)
SMALLEST_SHARE, LARGEST_SHARE = 0.001, 0.5


def otsu(image: NDArray[np.uint8]) -> list[Room]:
    """Otsu's threshold; every white area that keeps off the border and has the size of a room is one."""
    gray = image if image.ndim == 2 else cv2.cvtColor(image[..., :3], cv2.COLOR_RGB2GRAY)
    _, white = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(white, connectivity=4)
    height, width = gray.shape
    rooms = []
    for label, (x, y, w, h, area) in enumerate(stats[1:].tolist(), start=1):
        inside = x > 0 and y > 0 and x + w < width and y + h < height
        if inside and SMALLEST_SHARE < area / gray.size < LARGEST_SHARE:
            mask = (labels[y : y + h, x : x + w] == label).astype(np.uint8)
            outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
            polygon = max(outlines, key=cv2.contourArea).reshape(-1, 2).astype(np.float64)
            rooms.append(Room(polygon=polygon, area=float(area), confidence=0.5))
    return rooms
