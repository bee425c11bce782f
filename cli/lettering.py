"""Text, whoever wrote it, and the size of a place → its letters, as large as fits there.

What the font lacks, which is all but ASCII, is shown as a crossed box.
"""

import math
import textwrap
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

MOST_LETTERS = 1000
MEASURED_AT = 100
SMALLEST = 6.0  # what must be smaller is shrunk after it is drawn
MISSING = "\ufffd"
CUT = "..."
_PEN = ImageDraw.Draw(Image.new("L", (1, 1)))


def lettered(text: str, width: int, height: int) -> Image.Image | None:
    """The letters, white on black, beginning at the left; None where there is nothing to see."""
    lines = _lines(_printable(text), width / height)
    left, top, right, bottom = _ink(lines, MEASURED_AT)
    if right <= left or bottom <= top:
        return None
    fits = min(width / (right - left), height / (bottom - top))
    size = max(SMALLEST, round(4 * MEASURED_AT * fits) / 4)
    ink, begins = _drawn(lines, size)
    ink.thumbnail((width, height))
    y = _first_line(lines, size, height) + begins
    place = Image.new("L", (width, height))
    place.paste(ink, (0, round(max(0, min(height - ink.height, y)))))
    return place


def write_line(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, *, size: float, width: float, colour: str
) -> None:
    """A line of letters of one size, its upper left corner at a place; cut where it would be too long."""
    line = whole = _printable(text)
    while line and _font(size).getlength(line) > width:
        line = f"{whole[: len(line.removesuffix(CUT)) - 1]}{CUT}" if line != CUT else ""
    pen.text(at, line, colour, _font(size))


def _printable(text: str) -> str:
    """In one line; what cannot be printed becomes what the font lacks."""
    line = " ".join(text[:MOST_LETTERS].split())
    return "".join(letter if letter.isprintable() else MISSING for letter in line)


def _lines(text: str, proportions: float) -> str:
    """As many lines as fill a place of these proportions; a word is never broken."""
    left, top, right, bottom = _ink(text, MEASURED_AT)
    along, down = max(1.0, right - left), max(1.0, bottom - top + _spacing(MEASURED_AT))
    count = max(1, round(math.sqrt(along / (down * proportions))))
    return "\n".join(textwrap.wrap(text, math.ceil(len(text) / count) or 1, break_long_words=False))


def _drawn(lines: str, size: float) -> tuple[Image.Image, float]:
    """The ink of the text, and how far below the upper end of its first line it begins."""
    left, top, right, bottom = _ink(lines, size)
    margin = math.ceil(size / 4) + 1  # ink goes a little beyond what is measured
    drawn = Image.new("L", (math.ceil(right - left) + 2 * margin, math.ceil(bottom - top) + 2 * margin))
    at = margin - left, margin - top
    ImageDraw.Draw(drawn).multiline_text(at, lines, 255, _font(size), spacing=_spacing(size))
    ink = drawn.getbbox() or (0, 0, 1, 1)
    return drawn.crop(ink), ink[1] - at[1]


def _first_line(lines: str, size: float, height: int) -> float:
    """Where the first line's upper end is when capitals and descenders are in the middle, so that neighbours align."""
    _, top, _, bottom = _ink("\n".join("Hg" for _ in lines.split("\n")), size)
    return (height - top - bottom) / 2


def _ink(text: str, size: float) -> tuple[float, float, float, float]:
    return _PEN.multiline_textbbox((0, 0), text, _font(size), spacing=_spacing(size))


def _spacing(size: float) -> float:
    return 0.3 * size


@lru_cache(256)
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType."
    return font
