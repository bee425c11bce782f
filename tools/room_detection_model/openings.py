"""Windows, doors and passages on the canvas, in the gaps that the walls leave for them."""

from dataclasses import dataclass

import numpy as np

from tools.room_detection_model.borders import Opening, Points, Wall
from tools.room_detection_model.canvas import Canvas, Pen, arc
from tools.room_detection_model.layout import Layout
from tools.room_detection_model.partition import Random
from tools.room_detection_model.style import DOORS, WINDOWS, Style


@dataclass(frozen=True)
class _Gap:
    """An opening in its wall, and how thick the wall is drawn there."""

    wall: Wall
    opening: Opening
    thick: float

    @property
    def wide(self) -> float:
        return self.opening.end - self.opening.start

    def band(self, share: float = 1) -> Points:
        """The gap's corners; or of a share of its thickness."""
        return self.wall.band(self.opening.start, self.opening.end, self.thick * share)

    @property
    def axis(self) -> Points:
        return self.band(0)[:2]


@dataclass(frozen=True)
class _Leaf:
    """A door's leaf: where it hangs, and the directions in which it stands when closed and when open."""

    hinge: Points
    length: float
    closed: Points
    open: Points

    @property
    def angle(self) -> float:
        """Closed, in radians."""
        return float(np.arctan2(*self.closed[::-1]))

    @property
    def turn(self) -> float:
        """From closed to open, in radians."""
        return float((np.arctan2(*self.open[::-1]) - self.angle + np.pi) % (2 * np.pi) - np.pi)


def draw_openings(random: Random, canvas: Canvas, layout: Layout, style: Style) -> None:
    for wall in layout.walls:
        thick = max(style.thickness(wall, layout), 1.2 / canvas.place.scale)
        for opening in wall.openings:
            _draw(random, canvas, _Gap(wall, opening, thick), style)
        if wall.absent and random.random() < 0.35:
            style.pen(canvas).dashes(wall.start, wall.end)


def _draw(random: Random, canvas: Canvas, gap: _Gap, style: Style) -> None:
    kind, pen = gap.opening.kind, style.pen(canvas)
    if kind == "window" or (kind == "garage" and random.random() < 0.5):
        _draw_window(random, pen, gap, style)
        if random.random() < style.casements:
            _draw_door(random, pen, gap, style)
    elif kind == "door":
        _draw_door(random, pen, gap, style)
    elif random.random() < 0.4:
        pen.dashes(*gap.axis)


def _draw_window(random: Random, pen: Pen, gap: _Gap, style: Style) -> None:
    look = style.window if random.random() < 0.85 else str(random.choice(WINDOWS))
    if look == "filled":
        _fill_window(random, pen, gap)
    elif look == "pane":  # between heavy jambs
        Pen(pen.canvas, pen.tone, max(1, pen.width)).line(gap.axis)
    elif look == "sash":
        pen.canvas.fill(gap.band(0.5), style.paper)
        pen.outline(gap.band(0.5))
        pen.line(gap.axis)
    else:
        pen.outline(gap.band())
        if look != "frame":
            pen.outline(gap.band(0 if look == "frame and pane" else 0.35))


def _fill_window(random: Random, pen: Pen, gap: _Gap) -> None:
    pen.canvas.fill(gap.band(), int(random.integers(120, 235)))
    pen.outline(gap.band())
    if random.random() < 0.5:
        middle = (gap.opening.start + gap.opening.end) / 2
        pen.line(gap.wall.band(middle, middle, gap.thick)[[0, 3]])


def _draw_door(random: Random, pen: Pen, gap: _Gap, style: Style) -> None:
    swing = float(random.choice([-1.0, 1.0]))
    look = style.door if random.random() < 0.88 else str(random.choice(DOORS))
    leaves = _leaves(random, gap, swing)
    if look == "gap":
        return
    if look == "sliding" or (gap.wide > 16 and random.random() < 0.4):
        _draw_panels(pen, gap)
        return
    for leaf in leaves:
        _draw_leaf(random, pen, leaf, look)
    if random.random() < 0.3:
        _draw_threshold(random, pen, gap)


def _leaves(random: Random, gap: _Gap, swing: float) -> list[_Leaf]:
    """One leaf, hung at either end; or two in a wide gap."""
    start, end = gap.opening.start, gap.opening.end
    if gap.wide > 13:
        hung = [(start, 1.0, gap.wide / 2), (end, -1.0, gap.wide / 2)]
    else:
        hung = [(end, -1.0, gap.wide)] if random.random() < 0.5 else [(start, 1.0, gap.wide)]
    along, across = gap.wall.along, gap.wall.across
    face = across * swing * gap.thick / 2
    return [_Leaf(gap.wall.at(at) + face, length, along * way, across * swing) for at, way, length in hung]


def _draw_panels(pen: Pen, gap: _Gap) -> None:
    """Two halves that slide past each other."""
    for number in range(2):
        start, end = (gap.opening.start + gap.wide / 2 * half for half in (number, number + 1))
        aside = gap.wall.across * gap.thick / 4 * (number - 0.5) * 2
        pen.outline(gap.wall.band(start - 0.5, end + 0.5, gap.thick / 4) + aside)


def _draw_leaf(random: Random, pen: Pen, leaf: _Leaf, look: str) -> None:
    angle = leaf.angle + leaf.turn * (random.uniform(0.3, 0.7) if look == "ajar" else 1.0)
    aim = np.array([np.cos(angle), np.sin(angle)])
    tip = leaf.hinge + leaf.length * aim
    if look == "panel":
        side = 0.25 * np.array([-aim[1], aim[0]])
        pen.outline([leaf.hinge, tip, tip + side, leaf.hinge + side])
    elif look != "arc":
        pen.line([leaf.hinge, tip], wider=1.8 if look == "bold leaf" else 1)
    if look in {"leaf", "panel", "bold leaf", "arc"}:
        pen.line(arc(leaf.hinge, (leaf.length, leaf.length), leaf.angle, leaf.angle + leaf.turn))
    elif look == "chord":
        pen.line([tip, leaf.hinge + leaf.length * leaf.closed])


def _draw_threshold(random: Random, pen: Pen, gap: _Gap) -> None:
    """A line along one side of the gap, or along both."""
    edge = gap.wall.across * gap.thick * float(random.choice([-0.5, 0.5]))
    pen.line(gap.axis + edge)
    if random.random() < 0.5:
        pen.line(gap.axis - edge)
