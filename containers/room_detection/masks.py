"""Binary pictures (1 is set) and their connected parts."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Gray: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.int32]


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


def grown(picture: Gray, side: int) -> Gray:
    """Each pixel becomes the largest in a square around it."""
    return np.asarray(cv2.dilate(picture, np.ones((side, side), np.uint8)), np.uint8)
