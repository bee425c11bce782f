"""Free space → rooms: regions that join through a neck are parted there, by the component tree of the distance map."""

import cv2
import numpy as np

from containers.room_detection.masks import Distances, Labels, Mask, distances, shrunk
from containers.room_detection.parameters import Parameters

COARSE_PLAN_SIDE = 450
FAR = 1e4


def part_at_passages(free: Mask, side: float, parameters: Parameters) -> Labels:
    """Label the free space by room, 0 for walls and for all that joins the frame around the sheet."""
    step = max(1, round(side / COARSE_PLAN_SIDE))
    coarse = _coarsened(free, step)
    rooms = _label(coarse, side / step, parameters)
    return _refined(rooms, free, step)


def _coarsened(free: Mask, step: int) -> Mask:
    """Free cells are those without any wall; the frame stays free, so that the exterior is one region."""
    size = max(1, free.shape[1] // step), max(1, free.shape[0] // step)
    coarse = np.asarray(cv2.resize(shrunk(free, step, step), size, interpolation=cv2.INTER_NEAREST), np.uint8)
    coarse[[0, -1], :] = 1
    coarse[:, [0, -1]] = 1
    return coarse


def _label(free: Mask, side: float, parameters: Parameters) -> Labels:
    depth = distances(free)
    depth[[0, -1], :] = FAR  # the exterior is wider than any room
    depth[:, [0, -1]] = FAR
    radii = np.geomspace(max(1.2, 0.006 * side), 0.12 * side, parameters.passage_levels)
    levels = [_connected(free)]
    for radius in radii:
        fresh = max(int(level.max()) for level in levels) + 1
        levels.append(_split(levels[-1], fresh, depth, float(radius), side=side, parameters=parameters))
    rooms = levels.pop()
    while levels:
        rooms = _spread(rooms, levels.pop())
    return rooms


def _connected(mask: Mask) -> Labels:
    return np.asarray(cv2.connectedComponents(mask, connectivity=4)[1], np.int32)


def _split(
    labels: Labels, fresh: int, depth: Distances, radius: float, *, side: float, parameters: Parameters
) -> Labels:
    """Raise the water to `radius`: a region that falls into two rooms or more gets fresh labels, others keep theirs."""
    islands = _connected(((depth > radius) & (labels > 0)).astype(np.uint8))
    count = int(islands.max()) + 1
    peak, parent = np.zeros(count, np.float32), np.zeros(count, np.int32)
    land = islands > 0
    np.maximum.at(peak, islands[land], depth[land])
    parent[islands[land]] = labels[land]
    roomy = (radius <= parameters.passage_ratio * peak) & (peak >= parameters.smallest_inscribed_radius * side)
    roomy[0] = False
    families = np.bincount(parent[roomy], minlength=int(labels.max()) + 1)
    new = np.where(roomy | (families[parent] == 0), parent, 0)
    parted = roomy & (families[parent] > 1)
    new[parted] = fresh + np.arange(int(parted.sum()))
    new[0] = 0
    return new.astype(np.int32)[islands]


def _spread(rooms: Labels, wider: Labels) -> Labels:
    """Lower the water: new land joins the nearest room, or keeps its own label where it is an island of its own."""
    land, settled = wider > 0, rooms > 0
    if not settled.any():
        return wider
    islands = _connected(land.astype(np.uint8))
    inhabited = np.zeros(int(islands.max()) + 1, bool)
    inhabited[islands[settled]] = True
    near = _nearest(rooms)
    return np.where(settled, rooms, np.where(land & inhabited[islands], near, wider)).astype(np.int32)


def _nearest(rooms: Labels) -> Labels:
    """For each pixel, the label of the nearest labelled one."""
    unsettled = (rooms == 0).astype(np.uint8)
    _, seed = cv2.distanceTransformWithLabels(unsettled, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    owner: Labels = np.zeros(int(np.max(seed)) + 1, np.int32)
    owner[seed[rooms > 0]] = rooms[rooms > 0]
    return np.asarray(owner[seed], np.int32)


def _refined(rooms: Labels, free: Mask, step: int) -> Labels:
    """Back to full size without the exterior; cells that a wall nearby had blocked take the label beside them."""
    size = free.shape[1], free.shape[0]
    fine = np.asarray(cv2.resize(rooms.astype(np.float32), size, interpolation=cv2.INTER_NEAREST), np.float32)
    if step > 1:
        beside = cv2.dilate(fine, np.ones((2 * step + 1, 2 * step + 1), np.uint8))
        fine = np.where(fine == 0, beside, fine)
    fine[(free == 0) | (fine == rooms[0, 0])] = 0
    return _compact(fine.astype(np.int32))


def _compact(labels: Labels) -> Labels:
    """Number the labels without holes, 0 staying 0."""
    used = np.zeros(int(labels.max()) + 1, bool)
    used[labels] = True
    used[0] = False
    return np.where(used, np.cumsum(used), 0).astype(np.int32)[labels]
