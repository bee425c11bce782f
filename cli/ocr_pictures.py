"""A page and a row of an OCR run's output → a picture: the page with its words outlined, beside it what was read."""

import colorsys
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from PIL import Image, ImageDraw

from cli.lettering import lettered
from cli.thumbnails import thumbnail

LONGEST_SIDE = 2000
PAPER = (255, 255, 255)
Point = tuple[float, float]
Colour = tuple[int, int, int]


def draw(page: Path | bytes, row: Mapping[str, Any]) -> Image.Image:
    """Twice as wide as the page, which is reduced when it is large; Trouble when it is no image."""
    name = str(page) if isinstance(page, Path) else "The page"
    left, scale = thumbnail(page, LONGEST_SIDE, name=name)
    picture = Image.new("RGB", (2 * left.width, left.height), PAPER)
    read = Image.new("RGB", left.size, PAPER)
    words = list(_words(row, scale, left.size))
    width = max(1, round(max(left.size) / 700))
    pen = ImageDraw.Draw(left)
    for word in words:
        corners = [(round(x), round(y)) for x, y in word.corners]
        pen.line([*corners, *corners[:2]], word.colour, width, joint="curve")
        _write(read, word)
    picture.paste(left)
    picture.paste(read, (left.width, 0))
    return picture


@dataclass(frozen=True)
class _Word:
    """What is read, and where, in the picture's pixels."""

    text: str
    corners: list[Point]
    colour: Colour


@dataclass(frozen=True)
class _Place:
    """A parallelogram that text is written into: where reading starts, along the line, and down to the next line."""

    start: Point
    along: Point
    down: Point

    @classmethod
    def of(cls, corners: Sequence[Point]) -> Self:
        """Where a word's corners are, clockwise from where reading starts; the box around any other polygon."""
        if len(corners) != 4:
            xs, ys = zip(*corners, strict=True)
            return cls((min(xs), min(ys)), (max(xs) - min(xs), 0), (0, max(ys) - min(ys)))
        a, b, c, d = corners
        along = (b[0] - a[0] + c[0] - d[0]) / 2, (b[1] - a[1] + c[1] - d[1]) / 2
        down = (d[0] - a[0] + c[0] - b[0]) / 2, (d[1] - a[1] + c[1] - b[1]) / 2
        if _cross(along, down) < 0:  # the corners run the other way round; text is never mirrored
            down = -down[0], -down[1]
        middle = sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4
        start = middle[0] - (along[0] + down[0]) / 2, middle[1] - (along[1] + down[1]) / 2
        return cls(start, along, down)

    @property
    def width(self) -> float:
        """How long the line is."""
        return math.hypot(*self.along)

    @property
    def height(self) -> float:
        """How high it is."""
        return math.hypot(*self.down)

    def transform(self, size: tuple[int, int], corner: tuple[int, int]) -> tuple[float, ...]:
        """From a pixel of the region at `corner` to the pixel of a label of that size that belongs there."""
        area = _cross(self.along, self.down)
        x, y = self.start[0] - corner[0], self.start[1] - corner[1]
        a, b = size[0] * self.down[1] / area, -size[0] * self.down[0] / area
        d, e = -size[1] * self.along[1] / area, size[1] * self.along[0] / area
        return a, b, -(a * x + b * y), d, e, -(d * x + e * y)


def _words(row: Mapping[str, Any], scale: float, size: tuple[int, int]) -> Iterator[_Word]:
    """The row's words that have a place, each label in a colour of its own."""
    colours = {label: _colour(number) for number, label in enumerate(dict.fromkeys(row["labels"]))}
    for polygon, text, label in zip(row["polygons"], row["texts"], row["labels"], strict=True):
        if polygon and all(math.isfinite(at) for point in polygon for at in point):
            corners = [(_near(x * scale, size[0]), _near(y * scale, size[1])) for x, y in polygon]
            yield _Word(text, corners, colours[label])


def _near(at: float, side: int) -> float:
    """No further than a page away from the page: what lies beyond is not seen."""
    return min(max(at, -side), 2 * side)


def _colour(number: int) -> Colour:
    """Blue first; hues a golden angle apart, dark enough to be read on white."""
    red, green, blue = colorsys.hsv_to_rgb((0.6 + number * 0.381966) % 1, 0.9, 0.75)
    return round(255 * red), round(255 * green), round(255 * blue)


def _write(read: Image.Image, word: _Word) -> None:
    """The text, turned as the word is, inside the box around its polygon and on the page."""
    place, region = _Place.of(word.corners), _region(word.corners, read.size)
    if not region or abs(_cross(place.along, place.down)) < 1:
        return
    share = min(1.0, LONGEST_SIDE / max(place.width, place.height))
    label = lettered(word.text, max(1, round(place.width * share)), max(1, round(place.height * share)))
    if label:
        left, top, right, bottom = region
        data = place.transform(label.size, (left, top))
        size = (right - left, bottom - top)
        mask = label.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC)
        read.paste(word.colour, region, mask)


def _region(corners: Sequence[Point], size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The whole pixels in which a polygon lies, on the page; None where it lies beside it."""
    xs, ys = zip(*corners, strict=True)
    left, top = max(0, math.floor(min(xs))), max(0, math.floor(min(ys)))
    right, bottom = min(size[0], math.ceil(max(xs))), min(size[1], math.ceil(max(ys)))
    return (left, top, right, bottom) if left < right and top < bottom else None


def _cross(one: Point, other: Point) -> float:
    return one[0] * other[1] - one[1] * other[0]
