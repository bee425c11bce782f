"""Blueprint pixels → rooms: a network says what each pixel is, cores of rooms grow to their borders."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.boundaries import STRIDE, Boundaries, classify
from containers.room_detection.confidence import confidences
from containers.room_detection.masks import Labels, parts_of_labels
from containers.room_detection.outlines import outlines
from containers.room_detection.parameters import Parameters
from containers.room_detection.passages import passages
from containers.room_detection.regions import rooms_of, without_shafts
from containers.room_detection.right_angles import Polygon, direction, squared
from containers.room_detection.sheet import Plan, plans

VERSION = "2.1.0"
SMALLEST_IMAGE_SIDE = 16


@dataclass(frozen=True)
class Room:
    """One room on the page, in pixels: its outline (n, 2), its area without the holes in it.

    Confidence is the probability that the room is one, and its outline right (mask IoU of at least 0.5).
    Neighbours are the places in the list of the rooms that a door or passage leads to.
    """

    polygon: Polygon
    area: float
    confidence: float
    holes: list[Polygon] = field(default_factory=list)
    neighbours: list[int] = field(default_factory=list)


def detect(image: NDArray[np.uint8], parameters: Parameters = Parameters()) -> list[Room]:  # noqa: B008  # frozen
    """The rooms of one page, uint8, gray (h, w) or RGB (h, w, 3); ValueError for anything else."""
    _check(image)
    height, width = image.shape[:2]
    rooms: list[Room] = []
    if min(height, width) < SMALLEST_IMAGE_SIDE:
        return rooms
    for plan in plans(image, parameters):
        boundaries = classify(plan.pixels)
        labels = without_shafts(rooms_of(boundaries, parameters), plan.pixels, parameters)
        rooms += _rooms(plan, labels, boundaries, (width, height), first=len(rooms), parameters=parameters)
    return rooms


def _check(image: NDArray[np.uint8]) -> None:
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise ValueError(f"A page is uint8, gray (h, w) or RGB (h, w, 3), not {image.dtype} {image.shape}.")


def _rooms(
    plan: Plan, labels: Labels, boundaries: Boundaries, size: tuple[int, int], *, first: int, parameters: Parameters
) -> list[Room]:
    trust = confidences(labels, boundaries)
    shapes = _shapes(labels, trust >= parameters.least_confidence, parameters)
    if not shapes:
        return []
    angle = direction(outer for outer, _ in shapes.values())
    places = {label: first + place for place, label in enumerate(shapes)}
    doors = passages(labels, boundaries, parameters)
    rooms = []
    for label, (outer, holes) in shapes.items():
        polygon, *inner = (_on_page(squared(ring, angle, parameters), plan, size) for ring in (outer, *holes))
        beside = (one + other - label for one, other in doors if label in (one, other))
        neighbours = sorted(places[other] for other in beside if other in places)
        area = _area(polygon) - sum(_area(hole) for hole in inner)
        rooms.append(Room(polygon, area, round(float(trust[label]), 3), inner, neighbours))
    return rooms


def _shapes(
    labels: Labels, sure: NDArray[np.bool_], parameters: Parameters
) -> dict[int, tuple[Polygon, list[Polygon]]]:
    """Outline and holes of each label that is sure and large enough, in the maps' coordinates."""
    space = parts_of_labels(labels)
    kept = sure & (space.area >= parameters.smallest_room)
    kept[0] = False
    shapes = {}
    for label in np.flatnonzero(kept).tolist():
        x, y, w, h = (int(of[label]) for of in (space.left, space.top, space.width, space.height))
        found = outlines((labels[y : y + h, x : x + w] == label).astype(np.uint8), parameters)
        if found is not None:
            corner = np.array([x, y])
            outer, holes = found
            shapes[label] = (outer + corner, [hole + corner for hole in holes])
    return shapes


def _on_page(ring: Polygon, plan: Plan, size: tuple[int, int]) -> Polygon:
    return np.clip(plan.on_page(ring * STRIDE), 0, size)


def _area(polygon: Polygon) -> float:
    return float(cv2.contourArea(polygon.astype(np.float32)))
