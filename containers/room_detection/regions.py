"""Walls and bridges → enclosed free space, and how well the walls support it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from containers.room_detection.masks import Mask, Parts, bordered, closed, grown, parts
from containers.room_detection.parameters import Parameters


@dataclass(frozen=True)
class Enclosure:
    """One hypothesis: walls, the free space they leave (with a frame of exterior around it) and its score."""

    walls: Mask
    free: Mask
    score: float


def enclose(walls: Mask, gaps: Mask, side: float, parameters: Parameters) -> Enclosure:
    """Score = the sum of the rooms' side lengths, times the share of their outline that is wall and not bridge."""
    free = bordered(1 - closed(walls | gaps, 3, 3), 1, 1)
    space = parts(free, connectivity=4)
    rooms = room_sized(space, side, parameters)
    rooms[space.labels[0, 0]] = False
    framed = bordered(walls, 1, 0)
    lengths = np.sqrt(space.area[rooms]) / side
    return Enclosure(framed, free, float(lengths.sum()) * wall_share(space.pick(rooms), framed))


def room_sized(space: Parts, side: float, parameters: Parameters) -> NDArray[np.bool_]:
    """Which parts are large and wide enough to be rooms; the background never is."""
    large = (space.area >= (parameters.room_area_side * side) ** 2) & (space.shortest >= parameters.room_side * side)
    large[0] = False
    return large


def wall_share(region: Mask, walls: Mask) -> float:
    """The share of a region's outline that touches a wall."""
    outline = grown(region, 3, 3) & (1 - region)
    return int((outline & grown(walls, 3, 3)).sum()) / max(1, int(outline.sum()))
