"""A page and the rooms found on it → the page with rooms tinted, outlined and named."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

TINT = 0.35
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SUBPIXELS = 16


def draw(image: NDArray[np.uint8], rooms: Sequence[Mapping[str, Any]]) -> NDArray[np.uint8]:
    """Gray or RGB in, RGB out; `rooms` are those of an answer that lie on this page."""
    page = np.array(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image[..., :3], np.uint8)
    outlines = [np.asarray(room["polygon"], np.float64) for room in rooms]
    tinted = page.copy()
    for index, outline in enumerate(outlines):
        cv2.fillPoly(tinted, [_fixed(outline)], _colour(index, 1.0), cv2.LINE_AA, 4)
    page = np.asarray(cv2.addWeighted(tinted, TINT, page, 1 - TINT, 0), np.uint8)
    width = max(1, round(max(page.shape[:2]) / 500))
    for index, outline in enumerate(outlines):
        cv2.polylines(page, [_fixed(outline)], True, _colour(index, 0.6), width, cv2.LINE_AA, 4)
    for index, (room, outline) in enumerate(zip(rooms, outlines, strict=True)):
        _label(page, str(room.get("name_hint") or room["id"]), outline, _colour(index, 0.4))
    return page


def _fixed(outline: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(outline * _SUBPIXELS).astype(np.int32)


def _colour(index: int, brightness: float) -> tuple[float, float, float]:
    """Neighbours in the list differ most: hues a golden angle apart."""
    pixel = np.array([[[index * 137.508 % 360 / 2, 200, 255 * brightness]]]).astype(np.uint8)
    red, green, blue = np.asarray(cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB), np.float64)[0, 0]
    return float(red), float(green), float(blue)


def _label(page: NDArray[np.uint8], words: str, outline: NDArray[np.float64], colour: tuple[float, ...]) -> None:
    """Words in the roomiest place of the outline, as large as fits there and as the page can bear."""
    (x, y), room = _roomiest(outline)
    (width, height), _ = cv2.getTextSize(words, _FONT, 1, 2)
    scale = min(max(page.shape[:2]) / 1800, max(0.3, 1.5 * room / width))
    at = round(x - width * scale / 2), round(y + height * scale / 2)
    thickness = max(1, round(2 * scale))
    cv2.putText(page, words, at, _FONT, scale, (255, 255, 255), 3 * thickness, cv2.LINE_AA)
    cv2.putText(page, words, at, _FONT, scale, colour, thickness, cv2.LINE_AA)


def _roomiest(outline: NDArray[np.float64]) -> tuple[tuple[float, float], float]:
    """The centre and radius of the largest circle inside."""
    corner, size = outline.min(axis=0), np.ptp(outline, axis=0).max()
    zoom = 200 / max(1.0, float(size))
    small = np.round((outline - corner) * zoom).astype(np.int32) + 1
    mask = np.zeros((int(small[:, 1].max()) + 2, int(small[:, 0].max()) + 2), np.uint8)
    cv2.fillPoly(mask, [small], 1)
    _, radius, _, (column, row) = cv2.minMaxLoc(cv2.distanceTransform(mask, cv2.DIST_L2, 5))
    return (corner[0] + (column - 1) / zoom, corner[1] + (row - 1) / zoom), radius / zoom
