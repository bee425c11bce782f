"""Shades and tiles on the floors of rooms."""

from collections.abc import Sequence

import cv2
import numpy as np

from tools.room_detection_model.canvas import Canvas
from tools.room_detection_model.partition import Mask, Random
from tools.room_detection_model.style import FLOORS, Style


def draw_floors(random: Random, canvas: Canvas, insides: Sequence[Mask], style: Style) -> None:
    if style.floor == "bare":
        return
    common = int(random.integers(190, 254))
    for inside in insides:
        kind = style.floor if style.floor != "mixed" else str(random.choice(FLOORS))
        floor = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        if kind == "common tone":
            canvas.pixels[floor] = common
        elif kind == "own tone" and random.random() < 0.7:
            canvas.pixels[floor] = int(random.integers(90 if random.random() < 0.1 else 160, 254))
        elif kind == "tiles" and random.random() < 0.5:
            joints = floor & _joints(random, floor.shape)
            canvas.pixels[joints] = int(random.integers(60, 225))


def _joints(random: Random, shape: tuple[int, ...]) -> Mask:
    step = random.uniform(4, 26)
    lines = np.zeros(shape, bool)
    if random.random() < 0.7:
        lines[:, np.arange(0, shape[1], step).astype(int)] = True
    if random.random() < 0.7:
        lines[np.arange(0, shape[0], step).astype(int)] = True
    return lines
