"""What a run measured, plate by plate → one picture: each plate beside its mask, its histograms and its numbers."""

import math
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw

from cli.lettering import write_line
from cli.plate_histograms import HEIGHT, WIDTH, chart
from cli.plate_views import SIDE, Facts, View

GAP, HEAD, LINE = 16, 64, 23
SMALL, LETTERS, TITLE, HEADLINE = 13, 15, 18, 26
TROUBLES = 2  # lines below a plate
NUMBERS = 270  # width of the column
PAPER, INK, FAINT, RED, FRAME = "white", "#202020", "#707070", "#b02020", "#d8d8d8"
CELL_WIDTH = 2 * (SIDE + GAP) + WIDTH + GAP + NUMBERS + GAP
TOP = TITLE + GAP  # of what is below a plate's name
CELL_HEIGHT = TOP + SIDE + TROUBLES * (SMALL + 4) + 8
_CHARTS = 20  # above a chart, for its name


def draw(headline: str, about: str, views: Sequence[View]) -> Image.Image:
    """About as wide as high."""
    across = max(1, round(math.sqrt(len(views) * CELL_HEIGHT / CELL_WIDTH)))
    down = math.ceil(len(views) / across)
    sheet = Image.new("RGB", (across * CELL_WIDTH + GAP, HEAD + down * CELL_HEIGHT + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    width = sheet.width - 2 * GAP
    write_line(pen, (GAP, 8), headline, size=HEADLINE, width=width, colour=INK)
    write_line(pen, (GAP, 40), about, size=LETTERS, width=width, colour=FAINT)
    for number, view in enumerate(views):
        sheet.paste(cell(view), (GAP + number % across * CELL_WIDTH, HEAD + number // across * CELL_HEIGHT))
    return sheet


def cell(view: View) -> Image.Image:
    """One plate; what there is nothing of stays empty."""
    picture = Image.new("RGB", (CELL_WIDTH, CELL_HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.line([0, 0, CELL_WIDTH - GAP, 0], FRAME)
    width = CELL_WIDTH - GAP
    write_line(pen, (0, 6), f"{view.plate_id}: {view.title}", size=TITLE, width=width, colour=INK)
    for left, shown in ((1, view.plate), (SIDE + GAP, _inked(view.mask))):
        if shown:
            x, y = left + (SIDE - shown.width) // 2, TOP + (SIDE - shown.height) // 2
            pen.rectangle([x - 1, y - 1, x + shown.width, y + shown.height], outline=FRAME)
            picture.paste(shown, (x, y))
    _draw_charts(picture, view, (2 * (SIDE + GAP), TOP))
    _draw_numbers(pen, view, (2 * (SIDE + GAP) + WIDTH + GAP, TOP))
    for number, trouble in enumerate(view.troubles[:TROUBLES]):
        at = 0, TOP + SIDE + 4 + number * (SMALL + 4)
        write_line(pen, at, trouble, size=SMALL, width=width, colour=RED)
    return picture


def _inked(mask: Image.Image | None) -> Image.Image | None:
    """Ink is white in a mask, and dark on a plate: shown as on the plate."""
    return mask.point(lambda value: 255 - value) if mask else None


def _draw_charts(picture: Image.Image, view: View, corner: tuple[int, int]) -> None:
    stats = view.baseline.get("pixel_stats")
    if not stats:
        return
    threshold = view.segmentation.get("params", {}).get("threshold")
    colours = {name: stats["rgb_histograms"][name] for name in "RGB"}
    luma = chart({"L": stats["l_histogram"]["L"]}, mark=threshold)
    names = ("red, green, blue", "luma" if threshold is None else f"luma, ink up to {threshold}")
    pen, (left, top) = ImageDraw.Draw(picture), corner
    for number, (name, drawn) in enumerate(zip(names, (chart(colours), luma), strict=True)):
        y = top + number * (_CHARTS + HEIGHT + GAP)
        write_line(pen, (left, y), name, size=LETTERS, width=WIDTH, colour=FAINT)
        picture.paste(drawn, (left, y + _CHARTS))


def _draw_numbers(pen: ImageDraw.ImageDraw, view: View, corner: tuple[int, int]) -> None:
    left, top = corner
    for number, (name, value) in enumerate(numbers(view)):
        y = top + number * LINE
        write_line(pen, (left, y), name, size=LETTERS, width=100, colour=FAINT)
        write_line(pen, (left + 100, y), value, size=LETTERS, width=NUMBERS - 100, colour=INK)


def numbers(view: View) -> Iterator[tuple[str, str]]:
    """What was measured, in words; what was not is left out."""
    if view.baseline:
        yield from _container(view.baseline)
    if view.baseline.get("pixel_stats"):
        yield from _pixels(view.baseline["pixel_stats"])
    if view.segmentation:
        yield "ink", f"{view.segmentation['foreground_ratio']:.1%}"
    for name, value in (view.baseline.get("hashes") or {}).items():
        yield name, str(value)


def _container(baseline: Facts) -> Iterator[tuple[str, str]]:
    file, size = baseline["source_file"], baseline["geometry"]
    if size["width_px"]:
        yield "size", f"{size['width_px']} x {size['height_px']}, {size['megapixels']:.1f} MP"
    yield "file", f"{file['bytes'] / 1024:,.0f} KiB {file['format'] or ''}"
    if file["jpeg_subsampling"]:
        yield "JPEG", f"{file['jpeg_subsampling']}{', progressive' if file['jpeg_is_progressive'] else ''}"


def _pixels(stats: Facts) -> Iterator[tuple[str, str]]:
    luma = stats["luma_stats"]
    yield "luma", f"{luma['mean']:.0f} +- {luma['std']:.0f}, {luma['min']} to {luma['max']}"
    yield "clipped", f"{luma['clipped_low_ratio']:.1%} black, {luma['clipped_high_ratio']:.1%} white"
    yield "entropy", f"{stats['entropy']['L']:.2f} bits"
    yield "sharpness", f"{stats['laplacian_var']:,.0f}"
