"""Lines, fills, arcs and words in metres → pixels (drawn large, then reduced) or the operators of a PDF page."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from PIL import Image, ImageChops, ImageDraw, ImageFont

Point: TypeAlias = tuple[float, float]
Outline: TypeAlias = Sequence[Point]

BLACK, WHITE = 0, 255


def box(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    """A rectangle's corners."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def arc_points(centre: Point, radius: Point, start: float, end: float) -> list[Point]:
    """Points on an ellipse's arc, degrees clockwise from the right as y grows downwards."""
    steps = max(4, int(abs(end - start) / 5))
    angles = (math.radians(start + (end - start) * step / steps) for step in range(steps + 1))
    return [(centre[0] + radius[0] * math.cos(angle), centre[1] + radius[1] * math.sin(angle)) for angle in angles]


@dataclass(kw_only=True)
class Canvas(ABC):
    """A sheet with an origin and a scale; line widths are in millimetres of the real world, like everything else."""

    width: int
    height: int
    scale: float
    origin: Point

    def place(self, point: Point) -> Point:
        """Where a point in metres lies on the sheet."""
        return self.origin[0] + point[0] * self.scale, self.origin[1] + point[1] * self.scale

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, *, width: float = 15) -> None:
        self.line([*box(x0, y0, x1, y1), (x0, y0)], width=width)

    def ellipse(self, centre: Point, radius: Point, *, width: float = 15) -> None:
        self.line(arc_points(centre, radius, 0, 360), width=width)

    def arc(self, centre: Point, radius: float, start: float, end: float, *, width: float = 12) -> None:
        self.line(arc_points(centre, (radius, radius), start, end), width=width)

    @abstractmethod
    def line(self, points: Outline, *, width: float = 15) -> None: ...

    @abstractmethod
    def fill(self, points: Outline, shade: int) -> None: ...

    @abstractmethod
    def walls(self, outline: Outline, holes: Sequence[Outline], *, style: str) -> None:
        """The area between the outline and its holes: `solid`, `gray`, `hollow` or `hatched`."""

    @abstractmethod
    def text(self, at: Point, words: str, *, size: float = 0.2, upright: bool = False) -> None:
        """Words centred on a point; `upright` reads from bottom to top."""


@dataclass(kw_only=True)
class PixelCanvas(Canvas):
    """Gray pixels, drawn three times as large as they are kept."""

    detail: int = 3
    picture: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        self.picture = Image.new("L", (self.width * self.detail, self.height * self.detail), WHITE)

    def finished(self) -> Image.Image:
        return self.picture.resize((self.width, self.height), Image.Resampling.BOX)

    def line(self, points: Outline, *, width: float = 15) -> None:
        pen = max(self.detail, round(width / 1000 * self.scale * self.detail))
        ImageDraw.Draw(self.picture).line(self._placed(points), fill=BLACK, width=pen, joint="curve")

    def fill(self, points: Outline, shade: int) -> None:
        ImageDraw.Draw(self.picture).polygon(self._placed(points), fill=shade)

    def walls(self, outline: Outline, holes: Sequence[Outline], *, style: str) -> None:
        area = Image.new("L", self.picture.size, 0)
        pen = ImageDraw.Draw(area)
        pen.polygon(self._placed(outline), fill=255)
        for hole in holes:
            pen.polygon(self._placed(hole), fill=0)
        if style == "hatched":
            self.picture.paste(BLACK, mask=ImageChops.multiply(area, self._hatching()))
        elif style in {"solid", "gray"}:
            self.picture.paste(BLACK if style == "solid" else 120, mask=area)
        for edge in (outline, *holes):
            self.line([*edge, edge[0]], width=25)

    def text(self, at: Point, words: str, *, size: float = 0.2, upright: bool = False) -> None:
        font = ImageFont.load_default(size * self.scale * self.detail)
        left, top, right, bottom = (round(edge) for edge in font.getbbox(words))
        ink = Image.new("L", (right - left + 2, bottom - top + 2), 0)
        ImageDraw.Draw(ink).text((1 - left, 1 - top), words, fill=255, font=font)
        ink = ink.transpose(Image.Transpose.ROTATE_90) if upright else ink
        x, y = self._placed([at])[0]
        self.picture.paste(BLACK, (round(x - ink.width / 2), round(y - ink.height / 2)), mask=ink)

    def _placed(self, points: Outline) -> list[Point]:
        return [(x * self.detail, y * self.detail) for x, y in map(self.place, points)]

    def _hatching(self) -> Image.Image:
        """Diagonals every 9 cm."""
        width, height = self.picture.size
        hatching = Image.new("L", (width, height), 0)
        step = 0.09 * self.scale * self.detail
        for index in range(int((width + height) / step)):
            ends = [(index * step, 0), (index * step - height, height)]
            ImageDraw.Draw(hatching).line(
                ends, fill=255, width=max(self.detail, round(0.012 * self.scale * self.detail))
            )
        return hatching


@dataclass(kw_only=True)
class PdfCanvas(Canvas):
    """A page's content stream; the sheet is measured in points."""

    operators: list[str] = field(default_factory=list)

    def line(self, points: Outline, *, width: float = 15) -> None:
        self.operators.append(f"{max(0.25, width / 1000 * self.scale):.2f} w {self._path(points)} S")

    def fill(self, points: Outline, shade: int) -> None:
        self.operators.append(f"{shade / 255:.2f} g {self._path(points)} f 0 g")

    def walls(self, outline: Outline, holes: Sequence[Outline], *, style: str) -> None:
        paths = " ".join(f"{self._path(edge)} h" for edge in (outline, *holes))
        self.operators.append(f"0.7 w {paths} {'S' if style == 'hollow' else 'f*'}")

    def text(self, at: Point, words: str, *, size: float = 0.2, upright: bool = False) -> None:
        points = size * self.scale
        long, high = ImageFont.load_default(100).getlength(words) / 100 * points, 0.36 * points
        x, y = self._flipped(at)
        turn = (
            f"0 1 -1 0 {x + high:.2f} {y - long / 2:.2f}" if upright else f"1 0 0 1 {x - long / 2:.2f} {y - high:.2f}"
        )
        self.operators.append(f"BT /F1 {points:.2f} Tf {turn} Tm ({words}) Tj ET")

    def _flipped(self, point: Point) -> Point:
        x, y = self.place(point)
        return x, self.height - y

    def _path(self, points: Outline) -> str:
        return " ".join(
            f"{x:.2f} {y:.2f} {'l' if index else 'm'}" for index, (x, y) in enumerate(map(self._flipped, points))
        )


def pdf(pages: Sequence[PdfCanvas]) -> bytes:
    """A document of these pages, in plain text and the standard Helvetica."""
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(_objects(pages), start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(places) + 1
    table = f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    return body + f"{table}trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n".encode()


def _objects(pages: Sequence[PdfCanvas]) -> Iterator[str]:
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    yield "<< /Type /Catalog /Pages 2 0 R >>"
    yield f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>"
    yield "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    for index, page in enumerate(pages):
        stream = "\n".join(page.operators)
        yield (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {page.width} {page.height}] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * index} 0 R >>"
        )
        yield f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream"
