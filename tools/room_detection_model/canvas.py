"""A gray picture, drawn on in cells with a pen."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.room_detection_model.borders import Points
from tools.room_detection_model.partition import Random
from tools.room_detection_model.placement import SHIFT, Path, Placement

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_COMPLEX_SMALL,
    cv2.FONT_HERSHEY_PLAIN,
)

Gray = NDArray[np.uint8]


class Canvas:
    """`pixels` (height, width), and where cells lie among them."""

    def __init__(self, height: int, width: int, paper: int, place: Placement) -> None:
        self.pixels: Gray = np.full((height, width), paper, np.uint8)
        self.place = place

    def fill(self, corners: Path, tone: int) -> None:
        cv2.fillPoly(self.pixels, [self.place.fixed(corners)], tone, cv2.LINE_AA, SHIFT)


@dataclass(frozen=True)
class Pen:
    """Draws lines of one tone on a canvas, `width` pixels wide; below one pixel they pale instead."""

    canvas: Canvas
    tone: int
    width: float

    def line(self, points: Path, *, wider: float = 1, closed: bool = False) -> None:
        width = self.width * wider
        tone = self.tone if width >= 1 else int(255 - (255 - self.tone) * max(width, 0.35))
        path = [self.canvas.place.fixed(points, closed=closed)]
        cv2.polylines(self.canvas.pixels, path, closed, tone, max(1, round(width)), cv2.LINE_AA, SHIFT)

    def outline(self, corners: Path) -> None:
        self.line(corners, closed=True)

    def dashes(self, start: Sequence[float] | Points, end: Sequence[float] | Points) -> None:
        """Dashes and gaps of three cells."""
        a, b = np.asarray(start, float), np.asarray(end, float)
        count = max(1, int(np.linalg.norm(b - a) / 3))
        for index in range(0, count, 2):
            self.line([a + (b - a) * index / count, a + (b - a) * min(1, (index + 1) / count)])


@dataclass(frozen=True)
class Lettering:
    """Writes in one font and tone."""

    canvas: Canvas
    font: int
    tone: int

    def write(self, text: str, centre: Points, size: float, *, thick: int = 1) -> None:
        """Text `size` pixels high, centred on a place in pixels."""
        scale = size / 22
        (width, height), _ = cv2.getTextSize(text, self.font, scale, thick)
        corner = int(centre[0] - width / 2), int(centre[1] + height / 2)
        cv2.putText(self.canvas.pixels, text, corner, self.font, scale, self.tone, thick, cv2.LINE_AA)


def random_font(random: Random) -> int:
    return int(random.choice(_FONTS))


def arc(centre: Sequence[float] | Points, radii: tuple[float, float], start: float, end: float) -> Points:
    """Points on an ellipse's arc, angles in radians."""
    angles = np.linspace(start, end, 14 if abs(end - start) < 4 else 24)
    return np.stack([centre[0] + radii[0] * np.cos(angles), centre[1] + radii[1] * np.sin(angles)], axis=1)


def ellipse(centre: Sequence[float] | Points, across: float, down: float) -> Points:
    return arc(centre, (across, down), 0, 2 * np.pi)


def corners_of(left: float, top: float, right: float, bottom: float) -> Points:
    """A rectangle's, clockwise from the upper left."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
