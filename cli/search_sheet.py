"""What was asked by and what was found → one picture: each query beside its hits, best first."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from cli.lettering import write_line

SIDE, GAP, HEAD, LINE = 150, 14, 56, 18
HEADLINE, LETTERS = 24, 13
PAPER, INK, FAINT, FRAME, ASKED = "white", "#202020", "#707070", "#d8d8d8", "#2060a0"


@dataclass(frozen=True)
class Shown:
    """A picture and the lines below it."""

    picture: Image.Image
    lines: tuple[str, ...]


def draw(headline: str, about: str, found: Sequence[tuple[Shown, Sequence[Shown]]]) -> Image.Image:
    """A line for each query; it is framed in blue."""
    across = 1 + max(len(hits) for _, hits in found)
    below = LINE * max(len(shown.lines) for query, hits in found for shown in (query, *hits))
    width, height = across * (SIDE + GAP) + 2 * GAP, HEAD + len(found) * (SIDE + below + GAP) + GAP
    sheet = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    write_line(pen, (GAP, 6), headline, size=HEADLINE, width=width - 2 * GAP, colour=INK)
    write_line(pen, (GAP, 36), about, size=LETTERS, width=width - 2 * GAP, colour=FAINT)
    for number, (query, hits) in enumerate(found):
        top = HEAD + number * (SIDE + below + GAP)
        _place(sheet, query, (GAP, top), ASKED)
        for column, hit in enumerate(hits, start=1):
            _place(sheet, hit, (2 * GAP + column * (SIDE + GAP), top), FRAME)
    return sheet


def _place(sheet: Image.Image, shown: Shown, corner: tuple[int, int], colour: str) -> None:
    """In the middle of its square, framed, its lines below."""
    picture, pen = shown.picture.copy(), ImageDraw.Draw(sheet)
    picture.thumbnail((SIDE, SIDE))
    left, top = corner[0] + (SIDE - picture.width) // 2, corner[1] + (SIDE - picture.height) // 2
    sheet.paste(picture, (left, top))
    pen.rectangle([left - 2, top - 2, left + picture.width + 1, top + picture.height + 1], outline=colour, width=2)
    for number, line in enumerate(shown.lines):
        at = corner[0], corner[1] + SIDE + 4 + number * LINE
        write_line(pen, at, line, size=LETTERS, width=SIDE, colour=FAINT if number else INK)
