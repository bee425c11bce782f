"""Words and lines on paper, in pixels; every word's place is kept, also when the paper is turned or fades."""

from dataclasses import dataclass, field
from functools import cache
from typing import Self

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from examples.canvas import Point, box

WHITE, BLACK = 255, 0


@dataclass(frozen=True)
class Word:
    """What is printed, and the corners of its ink: clockwise from where reading starts."""

    text: str
    corners: list[Point]


@dataclass(kw_only=True)
class Paper:
    """A gray page that is written on."""

    width: int
    height: int
    words: list[Word] = field(default_factory=list)
    picture: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        self.picture = Image.new("L", (self.width, self.height), WHITE)

    def write(self, x: float, y: float, text: str, size: float, *, align: str = "left") -> None:
        """A line of words on the baseline y, from x on, up to x (`right`) or around it (`centre`)."""
        font = _font(size)
        x -= font.getlength(text) * {"left": 0, "centre": 0.5, "right": 1}[align]
        pen = ImageDraw.Draw(self.picture)
        for word in text.split():
            pen.text((x, y), word, BLACK, font, anchor="ls")
            left, top, right, bottom = font.getbbox(word, anchor="ls")
            self.words.append(Word(word, box(x + left, y + top, x + right, y + bottom)))
            x += font.getlength(f"{word} ")

    def rule(self, x0: float, y0: float, x1: float, y1: float, *, width: int = 2) -> None:
        ImageDraw.Draw(self.picture).line((x0, y0, x1, y1), BLACK, width)

    def frame(self, x0: float, y0: float, x1: float, y1: float, *, width: int = 2) -> None:
        ImageDraw.Draw(self.picture).rectangle((x0, y0, x1, y1), outline=BLACK, width=width)

    def turned(self, degrees: float) -> Self:
        """Counterclockwise about its middle, as on a scanner's glass; what leaves the page is cut off."""
        self.picture = self.picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=WHITE)
        self.words = [
            Word(word.text, [self._turned(corner, degrees) for corner in word.corners]) for word in self.words
        ]
        return self

    def scanned(self, rng: np.random.Generator, *, ink: int, paper: int, grain: float) -> Self:
        """Ink and paper in these shades of gray, with a shadow towards one side and the sensor's grain."""
        light = np.linspace(1.0, 0.94, self.width)
        pixels = (ink + np.asarray(self.picture, np.float64) * (paper - ink) / WHITE) * light
        pixels += rng.normal(0, grain, pixels.shape)
        self.picture = Image.fromarray(np.clip(pixels.round(), 0, 255).astype(np.uint8))
        return self

    def _turned(self, corner: Point, degrees: float) -> Point:
        dx, dy = corner[0] - self.width / 2, corner[1] - self.height / 2
        cosine, sine = float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))
        return self.width / 2 + dx * cosine + dy * sine, self.height / 2 - dx * sine + dy * cosine


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType."
    return font
