"""A page and the rooms found on it → the page with rooms tinted, outlined and named."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]
TINT = 0.35
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SUBPIXELS = 16


def draw(image: NDArray[np.uint8], rooms: Sequence[Mapping[str, Any]]) -> NDArray[np.uint8]:
    """Gray or RGB in, RGB out; `rooms` are those of an answer that lie on this page."""
    page = np.array(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image[..., :3], np.uint8)
    shapes = [[np.asarray(ring, np.float64) for ring in (room["polygon"], *room.get("holes", []))] for room in rooms]
    tinted = page.copy()
    for index, shape in enumerate(shapes):
        cv2.fillPoly(tinted, [_fixed(ring) for ring in shape], _colour(index, 1.0), cv2.LINE_AA, 4)
    page = np.asarray(cv2.addWeighted(tinted, TINT, page, 1 - TINT, 0), np.uint8)
    width = max(1, round(max(page.shape[:2]) / 500))
    for index, shape in enumerate(shapes):
        cv2.polylines(page, [_fixed(ring) for ring in shape], True, _colour(index, 0.6), width, cv2.LINE_AA, 4)
    for index, (room, shape) in enumerate(zip(rooms, shapes, strict=True)):
        _label(page, _words(room), shape, _colour(index, 0.4))
    return page


def _words(room: Mapping[str, Any]) -> str:
    """The name, without accents; the id where there is none or the font, which is ASCII alone, cannot write it."""
    parts = unicodedata.normalize("NFKD", room.get("name", ""))
    name = "".join(part for part in parts if not unicodedata.combining(part))
    return name if name and name.isascii() else str(room["id"])


def _fixed(ring: Ring) -> NDArray[np.int32]:
    return np.round(ring * _SUBPIXELS).astype(np.int32)


def _colour(index: int, brightness: float) -> tuple[float, float, float]:
    """Neighbours in the list differ most: hues a golden angle apart."""
    pixel = np.array([[[index * 137.508 % 360 / 2, 200, 255 * brightness]]]).astype(np.uint8)
    red, green, blue = np.asarray(cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB), np.float64)[0, 0]
    return float(red), float(green), float(blue)


def _label(page: NDArray[np.uint8], words: str, shape: list[Ring], colour: tuple[float, ...]) -> None:
    """Words in the roomiest place of the shape, as large as fits there and as the page can bear."""
    (x, y), room = _roomiest(shape)
    (width, height), _ = cv2.getTextSize(words, _FONT, 1, 2)
    scale = min(max(page.shape[:2]) / 1800, max(0.3, 1.5 * room / width))
    at = round(x - width * scale / 2), round(y + height * scale / 2)
    thickness = max(1, round(2 * scale))
    cv2.putText(page, words, at, _FONT, scale, (255, 255, 255), 3 * thickness, cv2.LINE_AA)
    cv2.putText(page, words, at, _FONT, scale, colour, thickness, cv2.LINE_AA)


def _roomiest(shape: list[Ring]) -> tuple[tuple[float, float], float]:
    """The centre and radius of the largest circle inside."""
    corner, size = shape[0].min(axis=0), np.ptp(shape[0], axis=0).max()
    zoom = 200 / max(1.0, float(size))
    small = [np.round((ring - corner) * zoom).astype(np.int32) + 1 for ring in shape]
    mask = np.zeros((int(small[0][:, 1].max()) + 2, int(small[0][:, 0].max()) + 2), np.uint8)
    cv2.fillPoly(mask, small, 1)
    _, radius, _, (column, row) = cv2.minMaxLoc(cv2.distanceTransform(mask, cv2.DIST_L2, 5))
    return (corner[0] + (column - 1) / zoom, corner[1] + (row - 1) / zoom), radius / zoom
