"""Blueprint pixels → rooms: thick strokes are walls, gaps in them are bridged, what they enclose are rooms."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.masks import Labels, Mask, parts, parts_of_labels
from containers.room_detection.openings import bridges
from containers.room_detection.outlines import outline
from containers.room_detection.parameters import Parameters
from containers.room_detection.passages import part_at_passages
from containers.room_detection.regions import Enclosure, enclose, room_sized, wall_share
from containers.room_detection.sheet import Sheet, read_sheet
from containers.room_detection.walls import solid, strokes, typical_thickness, wall_masks

VERSION = "1.0.0"
SMALLEST_IMAGE_SIDE = 16


@dataclass(frozen=True)
class Room:
    """One room on the page: polygon (n, 2) and area in pixels; confidence is the share of outline that is wall."""

    polygon: NDArray[np.float64]
    area: float
    confidence: float


def detect(image: NDArray[np.uint8], parameters: Parameters = Parameters()) -> list[Room]:  # noqa: B008  # frozen
    """The rooms of one page, gray (h, w) or RGB (h, w, 3)."""
    if min(image.shape[:2]) < SMALLEST_IMAGE_SIDE:
        return []
    sheet = read_sheet(image, parameters)
    if sheet is None:
        return []
    drawn = parts(sheet.ink)
    side = float(max(drawn.longest[1:].max(initial=0), 0.3 * max(sheet.ink.shape)))
    best = _best_enclosure(sheet.ink, side, parameters)
    if best is None:
        return []
    rooms = part_at_passages(best.free, side, parameters)
    return _rooms(rooms, best.walls, side, sheet, parameters)


def _best_enclosure(ink: Mask, side: float, parameters: Parameters) -> Enclosure | None:
    """Try every thickness that a wall may have here; the best supported set of rooms wins."""
    thickest = parameters.thickest_wall * side
    lines = strokes(ink, side, parameters)
    filled = solid(lines, thickest)
    thickness = typical_thickness(filled, thickest, parameters.typical_stroke_rank)
    if not thickness:
        return None
    reach = max(1.4 * thickness, 6)
    tried = [
        enclose(walls, bridges(walls, lines, reach, side, parameters), side, parameters)
        for walls in wall_masks(filled, thickness, side, parameters)
        if walls.any()
    ]
    best = max(tried, key=lambda enclosure: enclosure.score, default=None)
    return best if best and best.score else None


def _rooms(labels: Labels, walls: Mask, side: float, sheet: Sheet, parameters: Parameters) -> list[Room]:
    space = parts_of_labels(labels)
    found = []
    for index in np.flatnonzero(room_sized(space, side, parameters)):
        x, y, w, h = (int(of[index]) for of in (space.left, space.top, space.width, space.height))
        mask = (labels[y : y + h, x : x + w] == index).astype(np.uint8)
        shape = outline(mask, parameters)
        if shape is None or _area(shape) < (parameters.room_area_side * side) ** 2:
            continue
        around = np.s_[max(0, y - 2) : y + h + 2, max(0, x - 2) : x + w + 2]
        confidence = wall_share((labels[around] == index).astype(np.uint8), walls[around])
        polygon = sheet.on_page(shape + np.array([x - 1, y - 1]))
        found.append(Room(polygon, _area(polygon), round(confidence, 3)))
    return found


def _area(polygon: NDArray[np.float64]) -> float:
    return float(cv2.contourArea(polygon.astype(np.float32)))
