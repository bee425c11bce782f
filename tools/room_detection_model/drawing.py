"""A layout drawn in one of many styles, with the class of every pixel: training data for the boundary network."""

import cv2
import numpy as np

from tools.room_detection_model.borders import Wall
from tools.room_detection_model.canvas import Canvas, Gray
from tools.room_detection_model.floors import draw_floors
from tools.room_detection_model.furniture import furnish
from tools.room_detection_model.layout import Layout
from tools.room_detection_model.openings import draw_openings
from tools.room_detection_model.page import draw_page
from tools.room_detection_model.partition import Grid, Random
from tools.room_detection_model.placement import SHIFT, Path, Placement
from tools.room_detection_model.style import Style
from tools.room_detection_model.surroundings import draw_surroundings
from tools.room_detection_model.walls import draw_walls, pier_corners
from tools.room_detection_model.words import draw_notes, name_rooms

OUT, WALL, OPENING, FIRST_ROOM = 0, 1, 2, 3
THINNEST = 3.2  # pixels that the truth's walls have at least


def draw(random: Random, layout: Layout, height: int, width: int, style: Style) -> tuple[Gray, Gray]:
    """The drawing and its truth: OUT, WALL, OPENING, or FIRST_ROOM and above for each room."""
    place = Placement(random, layout, height, width)
    canvas = Canvas(height, width, style.paper, place)
    truth = truth_of(layout, style, place, place.sample(layout.rooms, height, width))
    insides = [truth == room for room, _ in enumerate(layout.numbers, start=FIRST_ROOM)]

    draw_surroundings(random, canvas, layout, style)
    draw_floors(random, canvas, insides, style)
    furnish(random, canvas, layout, style)
    names_first = random.random() < 0.3  # some write before the walls are drawn over
    if names_first:
        name_rooms(random, canvas, layout, insides, style)
    draw_walls(random, canvas, layout, style, outer=False)
    draw_walls(random, canvas, layout, style, outer=True)
    draw_openings(random, canvas, layout, style)
    if not names_first:
        name_rooms(random, canvas, layout, insides, style)
    draw_notes(random, canvas, layout, style)
    draw_page(random, canvas, style)
    return canvas.pixels, truth


def truth_of(layout: Layout, style: Style, place: Placement, rooms: Grid) -> Gray:
    """Walls as thick as they are drawn, what is open in them, and the rooms in what they leave of `rooms`."""
    truth = np.zeros(rooms.shape, np.uint8)
    for room, number in enumerate(layout.numbers, start=FIRST_ROOM):
        truth[rooms == number] = room
    for wall in sorted(layout.walls, key=lambda wall: wall.exterior):
        _raise(truth, wall, place, _visible(wall, layout, style, place))
    for wall in layout.walls:
        thick = _visible(wall, layout, style, place)
        for opening in wall.openings:
            if opening.kind != "window":
                _fill(truth, place, wall.band(opening.start, opening.end, thick), OPENING)
    return truth


def _visible(wall: Wall, layout: Layout, style: Style, place: Placement) -> float:
    return max(style.thickness(wall, layout), THINNEST / place.scale)


def _raise(truth: Gray, wall: Wall, place: Placement, thick: float) -> None:
    band = wall.band(-thick / 2, wall.length + thick / 2, thick)
    _fill(truth, place, band, OPENING if wall.absent else WALL)
    if wall.pier and not wall.absent:
        _fill(truth, place, pier_corners(wall), WALL)


def _fill(truth: Gray, place: Placement, corners: Path, value: int) -> None:
    cv2.fillPoly(truth, [place.fixed(corners)], value, cv2.LINE_8, SHIFT)
