"""How sure to be of each room: logistic regression on what the network said of its floor and of its border."""

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.boundaries import Boundaries
from containers.room_detection.masks import Labels

RING = 2  # how far from the room its border is looked at, in pixels of the maps
# fitted to generated plans by tools/room_detection_model/calibrate.py: a constant, then one weight for each evidence
WEIGHTS = np.array([-9.732, 5.135, -1.624, 5.102, -2.123, 7.165])


def evidence(labels: Labels, boundaries: Boundaries) -> NDArray[np.float64]:
    """For each label (n, 5): how clearly it is room and core, how clearly and how wholly bordered, and its size."""
    near = cv2.dilate(labels.astype(np.uint16), np.ones((2 * RING + 1, 2 * RING + 1), np.uint8))
    ring = np.where(labels == 0, near, 0)
    border = boundaries.wall + boundaries.opening
    area = np.bincount(labels.ravel(), minlength=int(labels.max()) + 1)
    return np.stack(
        [
            _means(labels, _certainty(boundaries.room), area.size),
            _means(labels, boundaries.core, area.size),
            _means(ring, border, area.size),
            _means(ring, (border > 0.5).astype(np.float32), area.size),
            np.log(np.maximum(area, 1)) / 10,
        ],
        axis=1,
    )


def confidences(labels: Labels, boundaries: Boundaries) -> NDArray[np.float64]:
    """For each label the probability that it is a room as drawn."""
    known = evidence(labels, boundaries)
    return np.asarray(1 / (1 + np.exp(-(WEIGHTS[0] + known @ WEIGHTS[1:]))))


def _certainty(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(2 * np.abs(probability - 0.5), np.float32)


def _means(labels: NDArray[np.integer], values: NDArray[np.float32], count: int) -> NDArray[np.float64]:
    areas = np.bincount(labels.ravel(), minlength=count)
    return np.bincount(labels.ravel(), weights=values.ravel(), minlength=count) / np.maximum(areas, 1)
