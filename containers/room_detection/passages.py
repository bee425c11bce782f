"""Openings between rooms: which rooms a door or a passage joins."""

import numpy as np

from containers.room_detection.boundaries import Boundaries
from containers.room_detection.masks import Labels, grown, parts
from containers.room_detection.parameters import Parameters


def passages(labels: Labels, boundaries: Boundaries, parameters: Parameters) -> set[tuple[int, int]]:
    """Pairs of labels, smaller first, on two sides of one opening."""
    openings = parts((boundaries.opening > 0.5).astype(np.uint8))
    found = set()
    reach = parameters.reach_of_opening
    for index in np.flatnonzero(openings.area[1:] >= parameters.smallest_opening) + 1:
        left, top = int(openings.left[index]) - reach, int(openings.top[index]) - reach
        right, bottom = left + int(openings.width[index]) + 2 * reach, top + int(openings.height[index]) + 2 * reach
        window = np.s_[max(0, top) : bottom, max(0, left) : right]
        near = grown((openings.labels[window] == index).astype(np.uint8), 2 * reach + 1)
        beside = np.bincount(labels[window][near > 0].ravel())
        beside[:1] = 0
        joined = np.flatnonzero(beside >= parameters.smallest_opening)
        largest = joined[np.argsort(-beside[joined])][:2]
        if largest.size == 2:
            found.add((int(largest.min()), int(largest.max())))
    return found
