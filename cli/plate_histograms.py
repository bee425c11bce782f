"""How often each of 256 values occurs → a chart of it."""

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw, ImageOps

WIDTH, HEIGHT = 256, 110
PAPER, FRAME = "white", "#b0b0b0"
COLOURS = {"R": "#f07878", "G": "#78c878", "B": "#7898f0", "L": "#808080"}
LEAST = 8  # of a bar, so that one pixel is seen too
_FINER = 2  # drawn larger and reduced, so that slopes are smooth


def chart(histograms: dict[str, Sequence[int]], *, mark: int | None = None) -> Image.Image:
    """Square roots of the counts, so that what is rare is seen; where several channels overlap, their colours mix."""
    size = WIDTH * _FINER, HEIGHT * _FINER
    drawn = Image.new("RGB", size, PAPER)
    for name, counts in histograms.items():
        ink = ImageOps.colorize(_below(counts, size), PAPER, COLOURS[name])
        drawn = ImageChops.multiply(drawn, ink)
    reduced = drawn.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(reduced)
    if mark is not None:
        pen.line([mark, 0, mark, HEIGHT], "#c03030")
    pen.rectangle([0, 0, WIDTH - 1, HEIGHT - 1], outline=FRAME)
    return reduced


def _below(counts: Sequence[int], size: tuple[int, int]) -> Image.Image:
    """White under the curve, black above it."""
    most = max(counts, default=0) or 1
    picture = Image.new("L", size)
    pen, across = ImageDraw.Draw(picture), size[0] / max(1, len(counts))
    for value, count in enumerate(counts):
        if count:
            top = size[1] * (1 - 0.95 * (count / most) ** 0.5)
            pen.rectangle([value * across, min(top, size[1] - LEAST), (value + 1) * across - 1, size[1]], 255)
    return picture
