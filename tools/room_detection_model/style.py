"""How one author draws: thicknesses, looks and tones, and how much of everything."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from tools.room_detection_model.borders import Wall
from tools.room_detection_model.canvas import Canvas, Lettering, Pen, random_font
from tools.room_detection_model.layout import Layout
from tools.room_detection_model.partition import Random

WALLS = ("solid", "outline", "hatch", "filled", "light", "zigzag")
WINDOWS = ("frame", "frame and pane", "double frame", "pane", "sash", "filled")
DOORS = ("leaf", "panel", "bold leaf", "chord", "ajar", "arc", "gap", "sliding")
FLOORS = ("bare", "common tone", "own tone", "tiles")


@dataclass(frozen=True, kw_only=True)
class Style:
    """Lengths in cells, tones in gray levels."""

    outer: float
    inner: float
    outer_look: str
    inner_look: str
    wall_tone: int
    outline_tone: int
    line: float  # pixels
    line_tone: int
    window: str
    door: str
    furniture: float  # the share of rooms that have some
    words: float  # the share of rooms that have a name
    floor: str  # one of FLOORS, or `mixed`
    paper: int
    overrun: float  # how far walls run past their corners, as logs do
    casements: float  # the share of windows drawn with open leaves
    notes: float  # the share of walls that something is written at
    closet: float  # closets' walls, if they are thinner than other inner walls

    @classmethod
    def random(cls, random: Random) -> Self:
        outer_look = str(random.choice(WALLS, p=[0.42, 0.2, 0.16, 0.13, 0.08, 0.01]))
        inner_look = (
            outer_look if random.random() < 0.7 else str(random.choice(WALLS, p=[0.46, 0.23, 0.1, 0.1, 0.05, 0.06]))
        )
        outer = float(np.exp(random.uniform(np.log(1.2), np.log(5.5))))
        inner = outer if random.random() < 0.15 else max(0.25, outer * random.uniform(0.08, 0.8))
        if random.random() < 0.12:  # single lines
            outer, inner, outer_look, inner_look = random.uniform(0.3, 1), random.uniform(0.2, 0.7), "solid", "solid"
        return cls(
            outer=outer,
            inner=inner,
            outer_look=outer_look,
            inner_look=inner_look,
            wall_tone=_tone(random, (0, 60), (40, 170), p=[0.5, 0.25, 0.25]),
            outline_tone=_tone(random, (0, 110)),
            line=float(random.uniform(0.6, 2.4)),
            line_tone=_tone(random, (0, 90), (60, 180), p=[0.4, 0.3, 0.3]),
            window=str(random.choice(WINDOWS)),
            door=str(random.choice(DOORS)),
            furniture=float(random.choice([0, random.uniform(0.2, 1)], p=[0.2, 0.8])),
            words=float(random.choice([0, random.uniform(0.5, 1)], p=[0.12, 0.88])),
            floor=str(random.choice([*FLOORS, "mixed"], p=[0.5, 0.15, 0.15, 0.1, 0.1])),
            paper=int(random.choice([255, int(random.integers(225, 255))])),
            overrun=float(random.uniform(1, 5)) if random.random() < 0.05 else 0.0,
            casements=float(random.choice([0.0, 0.0, 0.0, 0.8])),
            notes=float(random.choice([0.0, 0.0, 0.3])),
            closet=float(random.uniform(0.2, 0.7)) if random.random() < 0.3 else np.inf,
        )

    def thickness(self, wall: Wall, layout: Layout) -> float:
        """A wall's, in cells: balconies have the house's wall on one side and a parapet on the others."""
        if wall.exterior and layout.by_balcony(wall):
            return min(self.inner, 0.6 + 0.25 * self.inner)
        if layout.outer(wall):
            return self.outer
        return self.inner if layout.closets.isdisjoint(wall.rooms) else min(self.inner, self.closet)

    def pen(self, canvas: Canvas, *, wider: float = 1) -> Pen:
        return Pen(canvas, self.line_tone, self.line * wider)

    def lettering(self, random: Random, canvas: Canvas) -> Lettering:
        return Lettering(canvas, random_font(random), self.line_tone)


def _tone(random: Random, *spans: tuple[int, int], p: list[float] | None = None) -> int:
    """Black, or a gray from one of the spans."""
    return int(random.choice([0, *(int(random.integers(*span)) for span in spans)], p=p))
