"""Polygons whose edges almost run along the plan's two directions → polygons whose edges do."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.parameters import Parameters
from containers.room_detection.turning import turn

Polygon = NDArray[np.float64]
NEARLY_PARALLEL = 0.2  # sine of the angle between lines that meet too far away


def direction(polygons: Iterable[Polygon]) -> float:
    """The angle in radians, -π/4 to π/4, that the long edges run along or across."""
    edges = np.concatenate([np.roll(polygon, -1, axis=0) - polygon for polygon in polygons])
    numbers = edges[:, 0] + 1j * edges[:, 1]
    fourfold = numbers**4 / np.maximum(np.abs(numbers), 1e-9) ** 2  # right angles fall together, long edges count twice
    return float(np.angle(fourfold.sum()) / 4)


def squared(polygon: Polygon, angle: float, parameters: Parameters) -> Polygon:
    """Edges close to the two directions lie in them exactly; the polygon itself where that would change it much."""
    upright = polygon @ turn(angle)
    edges = zip(upright, np.roll(upright, -1, axis=0), strict=True)
    drawn = (_Line.through(start, end, parameters.slant) for start, end in edges)
    lines = _joined(line for line in drawn if line.weight >= parameters.shortest_edge[line.slanted])
    if len(lines) < 3:
        return polygon
    corners = np.array([one.meeting(other) for one, other in zip([lines[-1], *lines], lines, strict=False)])
    if _change(upright, corners) > parameters.largest_change:
        return polygon
    return np.asarray(corners @ turn(angle).T)


@dataclass(frozen=True)
class _Line:
    """a x + b y = c with a² + b² = 1; `weight` is the length of the edges it stands for."""

    a: float
    b: float
    c: float
    weight: float

    @classmethod
    def through(cls, start: Polygon, end: Polygon, slant: float) -> "_Line":
        """The edge's line, turned about its middle into an axis that is close."""
        run, rise = (float(side) for side in end - start)
        length = float(np.hypot(run, rise))
        x, y = (float(side) for side in (start + end) / 2)
        if abs(rise) <= slant * abs(run):
            return cls(0.0, 1.0, y, length)
        if abs(run) <= slant * abs(rise):
            return cls(1.0, 0.0, x, length)
        a, b = rise / length, -run / length
        return cls(a, b, a * x + b * y, length)

    @property
    def slanted(self) -> bool:
        return 0.0 not in (self.a, self.b)

    def parallel(self, other: "_Line") -> bool:
        return (self.a, self.b) == (other.a, other.b)

    def between(self, other: "_Line") -> "_Line":
        weight = self.weight + other.weight
        return _Line(self.a, self.b, (self.weight * self.c + other.weight * other.c) / weight, weight)

    def meeting(self, other: "_Line") -> tuple[float, float]:
        """Where two lines cross; nowhere (infinite) if they almost never do."""
        determinant = self.a * other.b - self.b * other.a
        if abs(determinant) < NEARLY_PARALLEL:
            return float("inf"), float("inf")
        return (
            (self.c * other.b - self.b * other.c) / determinant,
            (self.a * other.c - self.c * other.a) / determinant,
        )


def _joined(lines: Iterable[_Line]) -> list[_Line]:
    """Parallel lines that follow each other become one between them."""
    joined: list[_Line] = []
    for line in lines:
        if joined and joined[-1].parallel(line):
            joined[-1] = joined[-1].between(line)
        else:
            joined.append(line)
    if len(joined) > 1 and joined[0].parallel(joined[-1]):
        joined[0] = joined.pop().between(joined[0])
    return joined


def _change(before: Polygon, after: Polygon) -> float:
    """The share of what both cover that only one of them covers; all where a corner went far away."""
    both = np.concatenate([before, after])
    if not np.isfinite(after).all() or np.ptp(both, axis=0).max() > 1.5 * np.ptp(before, axis=0).max() + 2:
        return 1.0
    low, size = both.min(axis=0) - 1, np.ceil(np.ptp(both, axis=0)).astype(int) + 3
    masks = [np.zeros((size[1], size[0]), np.uint8) for _ in range(2)]
    for mask, polygon in zip(masks, (before, after), strict=True):
        cv2.fillPoly(mask, [np.round((polygon - low) * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return float(np.count_nonzero(masks[0] != masks[1])) / max(1, int(np.count_nonzero(masks[0] | masks[1])))
