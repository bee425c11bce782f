"""A layout's walls on the canvas: solid, outlined, hatched, filled, light or zigzag."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.room_detection_model.borders import Points, Wall
from tools.room_detection_model.canvas import Canvas, Gray, Pen
from tools.room_detection_model.layout import Layout
from tools.room_detection_model.partition import Random
from tools.room_detection_model.placement import SHIFT
from tools.room_detection_model.style import Style


def draw_walls(random: Random, canvas: Canvas, layout: Layout, style: Style, *, outer: bool) -> None:
    """All outer or all inner walls as one shape, in its look; parapets perhaps in another."""
    shape, parapets = np.zeros_like(canvas.pixels), np.zeros_like(canvas.pixels)
    look = style.outer_look if outer else style.inner_look
    walls = [wall for wall in layout.walls if not wall.absent and layout.outer(wall) == outer]
    for wall in walls:
        if wall.pier:
            cv2.fillPoly(shape, [canvas.place.fixed(pier_corners(wall))], 255, cv2.LINE_AA, SHIFT)
        parapet = wall.exterior and layout.by_balcony(wall) and style.outer_look != "solid"
        thick = style.thickness(wall, layout)
        for start, end in _solid_pieces(wall, past=thick / 2 + style.overrun):
            band = canvas.place.fixed(wall.band(start, end, thick))
            cv2.fillPoly(parapets if parapet else shape, [band], 255, cv2.LINE_AA, SHIFT)
            if thick * canvas.place.scale < 1.2:
                line = canvas.place.fixed([wall.at(start), wall.at(end)], closed=False)
                cv2.polylines(shape, [line], False, 255, 1, cv2.LINE_AA, SHIFT)
    _paint(random, canvas, shape, look, style)
    if look == "zigzag":
        _draw_zigzags(Pen(canvas, style.outline_tone, style.line), layout, walls, style)
    _paint(random, canvas, parapets, "outline" if random.random() < 0.5 else "solid", style)


def _draw_zigzags(pen: Pen, layout: Layout, walls: Sequence[Wall], style: Style) -> None:
    for wall in walls:
        thick = style.thickness(wall, layout)
        for start, end in _solid_pieces(wall, past=thick / 2 + style.overrun):
            pen.line(_zigzag(wall, start, end, thick))


def _zigzag(wall: Wall, start: float, end: float, thick: float) -> Points:
    """From one side of a stretch of wall to the other and back, about as far along as across."""
    stops = np.linspace(start, end, max(2, int((end - start) / max(thick, 0.5))))
    sides = np.where(np.arange(stops.size) % 2, 0.5, -0.5) * thick
    return np.asarray(wall.start + np.outer(stops, wall.along) + np.outer(sides, wall.across))


def pier_corners(wall: Wall) -> Points:
    assert wall.pier
    a, b, out = wall.at(wall.pier.start), wall.at(wall.pier.end), wall.across * wall.pier.depth
    return np.array([a, b, b + out, a + out])


def _solid_pieces(wall: Wall, *, past: float) -> list[tuple[float, float]]:
    """Stretches without openings; at its ends the wall runs past its corners."""
    stops = sorted((opening.start, opening.end) for opening in wall.openings)
    ends = [0.0, *(stop for pair in stops for stop in pair), float(wall.length)]
    pieces = [(start, end) for start, end in list(pairwise(ends))[::2] if end - start > 0.1]
    return [(start - past if start == 0 else start, end + past if end == wall.length else end) for start, end in pieces]


def _paint(random: Random, canvas: Canvas, shape: Gray, look: str, style: Style) -> None:
    if not shape.any():
        return
    thick = style.outer * canvas.place.scale
    look = look if thick >= 4 else "solid"
    tone = np.asarray(_tone(random, look, style, shape=shape.shape, thick=thick), np.float32)
    share = shape.astype(np.float32) / 255
    canvas.pixels = (canvas.pixels * (1 - share) + tone * share).astype(np.uint8)
    if look in {"outline", "hatch", "filled", "zigzag"}:
        contours, _ = cv2.findContours((shape > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        width = max(1, round(style.line * random.uniform(0.8, 1.5)))
        cv2.drawContours(canvas.pixels, contours, -1, style.outline_tone, width, cv2.LINE_AA)


def _tone(
    random: Random, look: str, style: Style, *, shape: tuple[int, ...], thick: float
) -> NDArray[np.float64] | int:
    """One for all walls, or the hatching that shows through them."""
    match look:
        case "outline" | "zigzag":
            return style.paper
        case "light":
            return int(random.integers(110, 200))
        case "filled":
            return int(random.integers(70, 215))
        case "hatch":
            return _hatching(random, shape, spacing=max(3.0, thick * random.uniform(0.2, 1.1)), style=style)
    return style.wall_tone


def _hatching(random: Random, shape: tuple[int, ...], *, spacing: float, style: Style) -> NDArray[np.float64]:
    """Parallel or crossed strokes over the whole picture."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    slope = random.choice([1.0, -1.0, random.uniform(-3, 3)])
    pale = random.uniform(0.5, 1.0)
    waves = [(x + slope * y) / np.hypot(1, slope)]
    if random.random() < 0.3:
        waves.append((x - slope * y) / np.hypot(1, slope))
    stroke = max(0.9, style.line * 0.7)
    dark = np.max([np.clip(stroke + 0.5 - np.abs((wave % spacing) - spacing / 2) * 2, 0, 1) for wave in waves], axis=0)
    return np.asarray(style.paper - dark * pale * (style.paper - style.outline_tone), np.float64)
