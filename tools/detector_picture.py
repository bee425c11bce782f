"""Draw each step of the room detector on one plan: `python -m tools.detector_picture PLAN OUT.png`."""

import argparse
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.boundaries import Boundaries, classify
from containers.room_detection.detector import Room, detect
from containers.room_detection.images import pages
from containers.room_detection.limits import Limits
from containers.room_detection.overlay import draw
from containers.room_detection.parameters import Parameters
from containers.room_detection.regions import cores_of, rooms_of
from containers.room_detection.sheet import Plan, plans

Picture: TypeAlias = NDArray[np.uint8]
PANEL = 560  # pixels wide
CLASS_COLOURS = np.array(
    [[255, 255, 255], [40, 40, 40], [235, 120, 40], [170, 205, 240], [60, 130, 210]], np.uint8
)  # outside, wall, opening, room near its border, core


def steps(image: Picture) -> list[tuple[str, Picture]]:
    """What each step makes of the first plan of a page."""
    parameters = Parameters()
    plan = plans(image, parameters)[0]
    boundaries = classify(plan.pixels)
    rooms = detect(image)
    described = [{"id": f"room {n}", "polygon": room.polygon.tolist()} for n, room in enumerate(rooms, 1)]
    return [
        ("1 the sheet: where the plan is", _boxed(image, plan)),
        ("2 the plan: dark lines on white", np.dstack([plan.pixels] * 3)),
        ("3 the network: what each pixel is", _classes(boundaries)),
        ("4 cores: one for each room", _labels(cores_of(boundaries, parameters))),
        ("5 cores grown to their borders", _labels(rooms_of(boundaries, parameters))),
        ("6 outlines, and which rooms doors join", _doors(draw(image, described), rooms)),
    ]


def _boxed(image: Picture, plan: Plan) -> Picture:
    page = np.dstack([image] * 3) if image.ndim == 2 else image.copy()
    height, width = plan.pixels.shape
    corners = plan.on_page(np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)).astype(np.int32)
    cv2.polylines(page, [corners], True, (220, 60, 40), max(2, page.shape[1] // 250))
    return page


def _classes(boundaries: Boundaries) -> Picture:
    outside = 1 - boundaries.wall - boundaries.opening - boundaries.room
    scores = [outside, boundaries.wall, boundaries.opening, boundaries.room - boundaries.core, boundaries.core]
    return np.asarray(CLASS_COLOURS[np.argmax(scores, axis=0)], np.uint8)


def _labels(labels: NDArray[np.int32]) -> Picture:
    hues = (labels * 137.508 % 360 / 2).astype(np.uint8)
    saturation = np.where(labels > 0, 110, 0).astype(np.uint8)
    colours = np.dstack([hues, saturation, np.full_like(hues, 245)])
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_HSV2RGB), np.uint8)


def _doors(page: Picture, rooms: list[Room]) -> Picture:
    middles = [np.mean(room.polygon, axis=0).astype(int).tolist() for room in rooms]
    for one, room in enumerate(rooms):
        for other in room.neighbours:
            cv2.line(page, middles[one], middles[other], (220, 60, 40), max(2, page.shape[1] // 400), cv2.LINE_AA)
    return page


def sheet_of(panels: list[tuple[str, Picture]]) -> Picture:
    """Three panels in a row, each with its title."""
    drawn = [_panel(title, picture) for title, picture in panels]
    height = max(panel.shape[0] for panel in drawn)
    padded = [np.pad(panel, ((0, height - panel.shape[0]), (8, 8), (0, 0)), constant_values=255) for panel in drawn]
    return np.vstack([np.hstack(padded[row : row + 3]) for row in range(0, len(padded), 3)])


def _panel(title: str, picture: Picture) -> Picture:
    scale = PANEL / picture.shape[1]
    size = PANEL, round(picture.shape[0] * scale)
    fitted = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    head = np.full((34, PANEL, 3), 255, np.uint8)
    cv2.putText(head, title, (2, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.62, (30, 30, 30), 1, cv2.LINE_AA)
    return np.vstack([head, np.asarray(fitted, np.uint8)])


if __name__ == "__main__":
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("plan", type=Path)
    flags.add_argument("out", type=Path)
    given = flags.parse_args()
    with given.plan.open("rb") as file:
        page = next(iter(pages(file, Limits())))
    cv2.imwrite(str(given.out), cv2.cvtColor(sheet_of(steps(page.pixels)), cv2.COLOR_RGB2BGR))
