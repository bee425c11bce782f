"""What is on the sheet around and across a drawing: titles, a frame, a north arrow, a watermark."""

import cv2
import numpy as np

from tools.room_detection_model.canvas import Canvas, Lettering
from tools.room_detection_model.partition import Random
from tools.room_detection_model.style import Style

_TITLES = (
    "GROUND FLOOR",
    "First Floor",
    "Plan du Rez de Chaussee",
    "TYPE A 2LDK",
    "Approx. 72.4 sq m",
    "2. KERROS",
    "SCALE 1:100",
)


def draw_page(random: Random, canvas: Canvas, style: Style) -> None:
    lettering = style.lettering(random, canvas)
    plan = canvas.pixels.copy()
    for _ in range(random.choice(4, p=[0.4, 0.3, 0.2, 0.1])):
        _write_title(random, lettering)
    if random.random() < 0.15:
        _draw_frame(random, lettering)
    if random.random() < 0.2:
        _draw_arrow(random, canvas, style.line_tone)
    if random.random() < 0.06:
        _write_watermark(random, lettering)
        canvas.pixels = np.minimum(canvas.pixels, plan)


def _write_title(random: Random, lettering: Lettering) -> None:
    height, width = lettering.canvas.pixels.shape
    x = random.uniform(0.15, 0.85) * width
    y = random.choice([0.03, 0.97, random.uniform(0.02, 0.98)]) * height
    size = random.uniform(9, 26)
    lettering.write(str(random.choice(_TITLES)), np.array([x, y]), size, thick=2 if size > 16 else 1)


def _draw_frame(random: Random, lettering: Lettering) -> None:
    """A frame, in most cases with a title block at its bottom."""
    pixels, tone = lettering.canvas.pixels, lettering.tone
    height, width = pixels.shape
    margin = int(random.uniform(2, 0.04 * width))
    right, bottom = width - margin, height - margin
    cv2.rectangle(pixels, (margin, margin), (right, bottom), tone, int(random.integers(1, 4)))
    if random.random() < 0.6:
        top = int(height * random.uniform(0.85, 0.95))
        cv2.line(pixels, (margin, top), (right, top), tone, 1)
        for x in np.linspace(margin, right, int(random.integers(2, 6)))[1:-1]:
            cv2.line(pixels, (int(x), top), (int(x), bottom), tone, 1)
            lettering.write("SHEET A-101", np.array([x + 40, (top + bottom) / 2]), 8)


def _draw_arrow(random: Random, canvas: Canvas, tone: int) -> None:
    """A crossed circle that points north."""
    height, width = canvas.pixels.shape
    x, y = int(random.uniform(0.05, 0.95) * width), int(random.choice([0.06, 0.94]) * height)
    radius = int(random.uniform(8, 26))
    cv2.circle(canvas.pixels, (x, y), radius, tone, 1, cv2.LINE_AA)
    cv2.line(canvas.pixels, (x, y - radius), (x, y + radius), tone, 2, cv2.LINE_AA)
    cv2.line(canvas.pixels, (x - radius, y), (x + radius, y), tone, 1, cv2.LINE_AA)


def _write_watermark(random: Random, lettering: Lettering) -> None:
    height, width = lettering.canvas.pixels.shape
    pale = Lettering(lettering.canvas, lettering.font, tone=200)
    pale.write("sample agency", np.array([width / 2, height / 2]), random.uniform(30, 60), thick=3)
