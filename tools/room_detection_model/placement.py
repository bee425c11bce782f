"""Where a layout's cells lie in a picture: bent, turned, scaled and shifted."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.room_detection_model.borders import Points
from tools.room_detection_model.layout import Layout
from tools.room_detection_model.partition import Grid, Random

SHIFT = 4  # bits of a pixel's fraction that OpenCV draws with

Path = Points | Sequence[Sequence[float] | Points]

_FILLS = ((0.6, 0.98), (0.35, 0.6), (1.0, 1.3))  # of the picture's side; the last are cut off by it
_LONGEST_STEP = 2.0  # cells between points where lines bend


class Placement:
    """Cells to pixels: bends (a half of the plan leans), a rotation, a scale."""

    def __init__(self, random: Random, layout: Layout, height: int, width: int) -> None:
        top, left, bottom, right = layout.box
        self._bend_at = random.uniform(left, right - 1)
        self._bend = random.uniform(-0.6, 0.6) if random.random() < 0.12 else 0.0
        self._lean_at = random.uniform(top, bottom - 1)
        self._lean = random.uniform(-0.6, 0.6) if random.random() < 0.08 else 0.0
        angle = random.choice([0.0, random.normal(0, 0.012), random.uniform(-0.8, 0.8)], p=[0.77, 0.15, 0.08])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        corners = self._bent(np.array([[x, y] for x in (left, right) for y in (top, bottom)])) @ turn.T
        low, span = corners.min(axis=0), np.ptp(corners, axis=0)
        fill = random.uniform(*_FILLS[random.choice(len(_FILLS), p=[0.76, 0.2, 0.04])])
        self.scale = float(fill * min(width / span[0], height / span[1]))
        free = np.array([width, height]) - span * self.scale
        self._shift = free * random.uniform(0.05, 0.95, 2) - low * self.scale
        self._turn = turn * self.scale

    def __call__(self, points: Path) -> Points:
        """Pixels (n, 2) of cells (n, 2)."""
        return np.asarray(self._bent(np.asarray(points, float)) @ self._turn.T + self._shift)

    def fixed(self, points: Path, *, closed: bool = True) -> NDArray[np.int32]:
        """The line through points, or around them, in 1/16 of a pixel, for OpenCV; it bends where the plan bends."""
        path = np.asarray(points, float)
        if self._bend or self._lean:
            path = _subdivided(path, closed=closed)
        return np.asarray(np.round(np.clip(self(path), -3000, 6000) * 2**SHIFT), np.int32)

    def sample(self, rooms: Grid, height: int, width: int) -> Grid:
        """The room under each pixel."""
        back = np.linalg.inv(self._turn)
        x, y = np.meshgrid(
            np.arange(width, dtype=np.float32) - self._shift[0], np.arange(height, dtype=np.float32) - self._shift[1]
        )
        across = back[0, 0] * x + back[0, 1] * y
        down = back[1, 0] * x + back[1, 1] * y
        across -= self._lean * np.maximum(0, down - self._lean_at)
        down -= self._bend * np.maximum(0, across - self._bend_at)
        columns, rows = np.floor(across).astype(np.float32), np.floor(down).astype(np.float32)
        sampled = cv2.remap(
            rooms.astype(np.float32), columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0
        )
        return np.asarray(sampled, np.int32)

    def _bent(self, points: Points) -> Points:
        points = np.asarray(points, float).reshape(-1, 2).copy()
        points[:, 1] += self._bend * np.maximum(0, points[:, 0] - self._bend_at)
        points[:, 0] += self._lean * np.maximum(0, points[:, 1] - self._lean_at)
        return points


def _subdivided(path: Points, *, closed: bool) -> Points:
    """The same line with points close to each other."""
    ends = np.roll(path, -1, axis=0) if closed else path[1:]
    pieces = [
        np.linspace(start, end, int(np.linalg.norm(end - start) / _LONGEST_STEP) + 1, endpoint=False)
        for start, end in zip(path, ends, strict=False)
    ]
    return np.concatenate(pieces if closed else [*pieces, path[-1:]])
