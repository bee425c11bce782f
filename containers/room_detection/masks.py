"""Binary pictures (1 is set), and the morphology that the detector's steps are made of."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Gray: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.int32]
Distances: TypeAlias = NDArray[np.float32]

_ENDLESS = np.float32(1e6)  # where there is nothing to measure to, OpenCV answers with the largest float


@dataclass(frozen=True)
class Parts:
    """A picture's labelled parts with their boxes and areas; entry 0 is the background."""

    labels: Labels
    left: NDArray[np.int64]
    top: NDArray[np.int64]
    width: NDArray[np.int64]
    height: NDArray[np.int64]
    area: NDArray[np.int64]

    @property
    def longest(self) -> NDArray[np.int64]:
        return np.maximum(self.width, self.height)

    @property
    def shortest(self) -> NDArray[np.int64]:
        return np.minimum(self.width, self.height)

    def pick(self, keep: NDArray[np.bool_]) -> Mask:
        """The mask of the kept parts; the background is never kept."""
        chosen = keep.astype(np.uint8)
        chosen[0] = 0
        return chosen[self.labels]


def parts(mask: Mask, *, connectivity: int = 8) -> Parts:
    """Connected parts of a mask."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
    left, top, width, height, area = np.asarray(stats, np.int64).T
    return Parts(np.asarray(labels, np.int32), left, top, width, height, area)


def parts_of_labels(labels: Labels) -> Parts:
    """The same for labels that exist already; reads only where a row's runs begin and end."""
    count, (height, width) = int(labels.max()) + 1, labels.shape
    rows, starts = np.nonzero(np.diff(labels, axis=1, prepend=-1))
    ends = np.append(starts[1:], 0)
    ends[ends == 0] = width
    owner = labels[rows, starts]
    left, top = np.full(count, width), np.full(count, height)
    right, bottom = np.zeros(count, np.int64), np.zeros(count, np.int64)
    np.minimum.at(left, owner, starts)
    np.minimum.at(top, owner, rows)
    np.maximum.at(right, owner, ends)
    np.maximum.at(bottom, owner, rows + 1)
    area = np.bincount(owner, weights=ends - starts, minlength=count).astype(np.int64)
    return Parts(labels, left, top, np.maximum(right - left, 0), np.maximum(bottom - top, 0), area)


def opened(mask: Mask, width: float, height: float) -> Mask:
    """What a rectangle that stays inside the mask can cover."""
    return _uint8(cv2.morphologyEx(mask, cv2.MORPH_OPEN, _rectangle(width, height)))


def closed(mask: Mask, width: float, height: float) -> Mask:
    """The mask with gaps filled that a rectangle cannot enter."""
    return _uint8(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _rectangle(width, height)))


def grown(picture: Gray, width: float, height: float) -> Gray:
    """Each pixel becomes the largest under a rectangle."""
    return _uint8(cv2.dilate(picture, _rectangle(width, height)))


def shrunk(picture: Gray, width: float, height: float) -> Gray:
    """Each pixel becomes the smallest under a rectangle."""
    return _uint8(cv2.erode(picture, _rectangle(width, height)))


def bordered(mask: Mask, width: int, value: int) -> Mask:
    """The mask with a frame of one value around it."""
    return np.pad(mask, width, constant_values=value)


def distances(mask: Mask) -> Distances:
    """How far each set pixel is from the nearest unset one."""
    return np.minimum(np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, 5), np.float32), _ENDLESS)


def ridge_of(depth: Distances) -> NDArray[np.bool_]:
    """Where a distance map is as high as all around it: the middle lines of what it measures."""
    highest = np.asarray(cv2.dilate(depth, _rectangle(3, 3)), np.float32)
    return (depth >= highest - 1e-3) & (depth > 0)


def _rectangle(width: float, height: float) -> NDArray[np.uint8]:
    return np.ones((max(1, int(height)), max(1, int(width))), np.uint8)


def _uint8(picture: object) -> NDArray[np.uint8]:
    return np.asarray(picture, np.uint8)
