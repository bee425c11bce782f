"""An open PNG, JPEG, TIFF or WebP → its pages as rows of gray or RGB bytes, a strip at a time, alpha on white."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from containers.room_detection.limits import Limits

STRIP_ROWS = 256
_ORIENTATION = 0x0112
_SUBFILE_TYPE = 254
_THUMBNAIL_OR_MASK = 0b101
_GRAY_MODES = {"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
_DEEP_MODES = _GRAY_MODES - {"1", "L", "LA", "La"}


@dataclass(frozen=True, kw_only=True)
class RawPage:
    """One page as stored: its size, how it has to be turned (EXIF), and its bytes from the top down."""

    width: int
    height: int
    channels: int
    orientation: int = 1
    dpi: int | None = None
    strips: Iterator[bytes]


def picture_pages(file: BinaryIO, picture_format: str, limits: Limits) -> Iterator[RawPage]:
    """Every page of a TIFF, else the first picture; the sizes of all pages are checked before one is decoded."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked on the header, and says what to do
    with Image.open(file, formats=[picture_format]) as picture:
        for frame in _frames(picture, limits):
            picture.seek(frame)
            yield _page(picture)


def _frames(picture: Image.Image, limits: Limits) -> list[int]:
    limits.check_pixels(*picture.size)
    if picture.format != "TIFF":
        return [0]
    frames = []
    for frame in range(2 * limits.max_pages + 1):  # every page may bring its thumbnail
        try:
            picture.seek(frame)
        except EOFError:
            break
        if not int(picture.tag_v2.get(_SUBFILE_TYPE, 0)) & _THUMBNAIL_OR_MASK:  # type: ignore[attr-defined]  # a TIFF
            limits.check_pixels(*picture.size)
            frames.append(frame)
    limits.check_pages(len(frames))
    return frames


def _page(picture: Image.Image) -> RawPage:
    picture.load()
    gray = picture.mode in _GRAY_MODES
    return RawPage(
        width=picture.width,
        height=picture.height,
        channels=1 if gray else 3,
        orientation=_orientation(picture),
        strips=_strips(picture, "L" if gray else "RGB"),
    )


def _orientation(picture: Image.Image) -> int:
    with contextlib.suppress(Exception):  # broken EXIF does not spoil the picture
        return int(range(9).index(picture.getexif()[_ORIENTATION])) or 1
    return 1


def _strips(picture: Image.Image, mode: str) -> Iterator[bytes]:
    low, scale = _depth(picture)
    for top in range(0, picture.height, STRIP_ROWS):
        strip = picture.crop((0, top, picture.width, min(picture.height, top + STRIP_ROWS)))
        if picture.mode in _DEEP_MODES:
            strip = strip.convert("F").point(lambda value: value * scale - low * scale)
        if strip.has_transparency_data:
            strip = _on_white(strip.convert("RGBA"))
        yield strip.convert(mode).tobytes()


def _depth(picture: Image.Image) -> tuple[float, float]:
    """The darkest value, and what stretches the range of 16-bit and float pixels to 0-255."""
    if picture.mode not in _DEEP_MODES:
        return 0.0, 1.0
    low, high = (float(str(value)) for value in picture.getextrema())
    return (low, 255 / (high - low)) if high > low else (low - 255, 1.0)


def _on_white(strip: Image.Image) -> Image.Image:
    paper = Image.new("RGB", strip.size, "white")
    paper.paste(strip, mask=strip.getchannel("A"))
    return paper
