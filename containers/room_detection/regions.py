"""What each pixel is → labelled rooms: each core grows to its borders, around what is filled."""

import cv2
import numpy as np

from containers.room_detection.boundaries import STRIDE, Boundaries
from containers.room_detection.masks import Gray, Labels, parts
from containers.room_detection.parameters import Parameters


def cores_of(boundaries: Boundaries, parameters: Parameters) -> Labels:
    """The inmost part of each room, numbered; doors that the network left ajar do not reach this far in."""
    cores = parts((boundaries.core > parameters.sure_core).astype(np.uint8), connectivity=4)
    large = cores.pick(cores.area >= parameters.smallest_core)
    return parts(large, connectivity=4).labels


def rooms_of(boundaries: Boundaries, parameters: Parameters) -> Labels:
    """The space of each core: what is nearer to it than to any other (a watershed whose basins are the cores)."""
    space = boundaries.room > 0.5
    cores = (cores_of(boundaries, parameters) > 0).astype(np.uint8)
    if not cores.any():
        return np.zeros(space.shape, np.int32)
    _, nearest = cv2.distanceTransformWithLabels(1 - cores, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP)
    return np.where(space, np.asarray(nearest, np.int32), 0)


def without_shafts(labels: Labels, pixels: Gray, parameters: Parameters) -> Labels:
    """The rooms without what is filled in them; a room that is filled for the most part has a dark floor."""
    side = parameters.smallest_shaft
    ink = (pixels < parameters.filled).astype(np.uint8)
    filled = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))[::STRIDE, ::STRIDE] > 0
    rooms = int(labels.max()) + 1
    share = np.bincount(labels[filled], minlength=rooms) / np.maximum(np.bincount(labels.ravel(), minlength=rooms), 1)
    return np.where(filled & (share <= parameters.largest_shaft_share)[labels], 0, labels)
