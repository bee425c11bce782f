"""Draw the sample blueprints and the rooms they hold: `python -m examples.draw [FOLDER]`; the same bytes every time."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from examples.canvas import Outline, PdfCanvas, PixelCanvas, Point, pdf
from examples.plans import FLAT, GROUND_FLOOR, OFFICE, STUDIO, UPPER_FLOOR, Plan
from examples.sheets import draw_sheet

HERE = Path(__file__).parent
PDF_DPI = 200
SEED = 20_240_229


def draw(folder: Path) -> None:
    """Write every sample and its ground truth."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in samples():
        (folder / name).write_bytes(content)


def samples() -> Iterator[tuple[str, bytes]]:
    """File name → bytes."""
    yield from _png("flat", FLAT, PixelCanvas(width=1720, height=1300, scale=108, origin=(200, 170)))
    yield from _png("office", OFFICE, PixelCanvas(width=1500, height=1010, scale=66, origin=(140, 105)))
    yield from _scan("scan", GROUND_FLOOR, PixelCanvas(width=1240, height=1180, scale=92, origin=(190, 140)))
    yield from _cyanotype("cyanotype", UPPER_FLOOR, PixelCanvas(width=1120, height=1020, scale=80, origin=(170, 120)))
    yield from _listing("listing", STUDIO, PixelCanvas(width=640, height=450, scale=72, origin=(32, 34)))
    yield from _document("house", (GROUND_FLOOR, UPPER_FLOOR))


def _png(name: str, plan: Plan, canvas: PixelCanvas) -> Iterator[tuple[str, bytes]]:
    draw_sheet(canvas, plan)
    yield f"{name}.png", _encoded(_few_grays(canvas.finished()), "PNG", optimize=True)
    yield _truth(f"{name}.png", plan, canvas.place, canvas.width, canvas.height)


def _scan(name: str, plan: Plan, canvas: PixelCanvas) -> Iterator[tuple[str, bytes]]:
    """A sheet that lay askew on a scanner: turned by 1.4 degrees, a shadow at the fold, yellowed paper, grain."""
    draw_sheet(canvas, plan)
    angle, centre = 1.4, (canvas.width / 2, canvas.height / 2)
    turned = canvas.finished().rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
    y, x = np.mgrid[0 : canvas.height, 0 : canvas.width]
    light = (
        0.97 - 0.2 * (x / canvas.width) * (y / canvas.height) - 0.16 * np.exp(-(((x - 0.62 * canvas.width) / 60) ** 2))
    )
    grain = np.random.default_rng(SEED).normal(0, 6, (canvas.height, canvas.width))
    ink = 45 + np.asarray(turned, np.float64) * (210 / 255)
    tint = np.array([1.0, 0.98, 0.92])
    pixels = np.clip((ink * light + grain)[..., None] * tint, 0, 255).astype(np.uint8)
    yield f"{name}.jpg", _encoded(Image.fromarray(pixels), "JPEG", quality=80)

    def place(point: Point) -> Point:
        dx, dy = (a - b for a, b in zip(canvas.place(point), centre, strict=True))
        cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        return float(centre[0] + dx * cosine + dy * sine), float(centre[1] - dx * sine + dy * cosine)

    yield _truth(f"{name}.jpg", plan, place, canvas.width, canvas.height)


def _cyanotype(name: str, plan: Plan, canvas: PixelCanvas) -> Iterator[tuple[str, bytes]]:
    """White lines on Prussian blue, as blueprints were once."""
    draw_sheet(canvas, plan)
    ink = 1 - np.asarray(canvas.finished(), np.float64)[..., None] / 255
    y, x = np.mgrid[0 : canvas.height, 0 : canvas.width]
    wash = 6 * np.sin(x / 97) * np.cos(y / 131) + 4 * np.sin((x + 2 * y) / 211)
    paper = np.array([22.0, 62.0, 128.0]) + wash[..., None]
    pixels = np.clip(paper * (1 - ink) + np.array([225.0, 236.0, 248.0]) * ink, 0, 255).astype(np.uint8)
    yield f"{name}.jpg", _encoded(Image.fromarray(pixels), "JPEG", quality=82)
    yield _truth(f"{name}.jpg", plan, canvas.place, canvas.width, canvas.height)


def _listing(name: str, plan: Plan, canvas: PixelCanvas) -> Iterator[tuple[str, bytes]]:
    """The small picture that an estate agent puts on a page."""
    draw_sheet(canvas, plan, framed=False)
    yield f"{name}.png", _encoded(_few_grays(canvas.finished()), "PNG", optimize=True)
    yield _truth(f"{name}.png", plan, canvas.place, canvas.width, canvas.height)


def _document(name: str, plans: tuple[Plan, ...]) -> Iterator[tuple[str, bytes]]:
    """A PDF of A4 pages; the truth is in pixels of its pages as the container draws them."""
    pages = [PdfCanvas(width=842, height=595, scale=44, origin=(200, 75)) for _ in plans]
    for canvas, plan in zip(pages, plans, strict=True):
        draw_sheet(canvas, plan)
    yield f"{name}.pdf", pdf(pages)
    zoom = PDF_DPI / 72
    for number, (canvas, plan) in enumerate(zip(pages, plans, strict=True), start=1):
        width, height = -int(-canvas.width * zoom // 1), -int(-canvas.height * zoom // 1)

        def place(point: Point, canvas: PdfCanvas = canvas) -> Point:
            x, y = canvas.place(point)
            return x * zoom, y * zoom

        _, truth = _truth(f"{name}.pdf", plan, place, width, height)
        yield f"{name}.page_{number}.rooms.json", truth


def _truth(image: str, plan: Plan, place: Callable[[Point], Point], width: int, height: int) -> tuple[str, bytes]:
    rooms = [{"label": label, **_shape([place(point) for point in outline])} for label, outline in plan.rooms.items()]
    message = {"image": image, "width": width, "height": height, "source": "examples", "rooms": rooms}
    return f"{Path(image).stem}.rooms.json", (json.dumps(message, indent=1) + "\n").encode()


def _shape(points: Outline) -> dict[str, object]:
    rounded = [[round(x, 1), round(y, 1)] for x, y in points]
    xs, ys = zip(*rounded, strict=True)
    return {"polygon": rounded, "bbox": [min(xs), min(ys), max(xs), max(ys)]}


def _few_grays(picture: Image.Image) -> Image.Image:
    """Sixteen shades are enough for smooth lines, and half the bytes."""
    return picture.point([round(value / 17) * 17 for value in range(256)])


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
