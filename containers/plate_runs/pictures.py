"""The bytes of a plate → what its container says of it, and its pixels counted once for every model."""

import io
import re
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from containers.plate_runs.container import geometry, source_file

MAX_MEGAPIXELS = 200
WORKING_SIDE = 1024
CHANNELS = ("R", "G", "B", "L")
_LARGE_SIDE = 3584  # three and a half times the working side
_STRIP_ROWS = 256  # of a strip that stays in the processor's cache; an even number
_AS_STORED = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
_ADDRESS = re.compile(r" <[^>]* at 0x[0-9a-f]+>")  # in memory: other words in every process
_END_OF_IMAGE = b"\xff\xd9"

cv2.setNumThreads(1)  # plates share the cores, not their pixels
cv2.ipp.setUseIPP(False)  # it rounds differently on different processors

Pixels = NDArray[np.uint8]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Decoded:
    """All that models ask of the pixels: the luma (ITU-R 601) and how often each value of R, G, B and L occurs.

    The luma of a large picture is halved already: nothing asks for all of it, and its strips are still in the cache.
    """

    width: int
    height: int
    luma: Pixels
    histograms: dict[str, list[int]]

    @classmethod
    def of(cls, rgb: Pixels) -> Self:
        height, width = rgb.shape[:2]
        step = 2 if _is_large(rgb) else 1
        luma = np.empty((height // step, width // step), np.uint8)
        counts = np.zeros((len(CHANNELS), 256), np.int64)
        for top in range(0, height, _STRIP_ROWS):
            strip = rgb[top : top + _STRIP_ROWS]
            grays = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
            counts += np.vstack([_colour_counts(strip), gray_counts(grays)])
            part = halved(grays) if step == 2 else grays
            luma[top // step : top // step + len(part)] = part
        return cls(width, height, luma, dict(zip(CHANNELS, counts.tolist(), strict=True)))

    @cached_property
    def working(self) -> Pixels:
        """The luma with a longer side of 1024 pixels at most, each a weighted mean of those that it covers."""
        scale, luma = min(1.0, WORKING_SIDE / max(self.width, self.height)), self.luma
        while _is_large(luma):
            luma = halved(luma)
        return reduced(luma, (max(1, round(self.width * scale)), max(1, round(self.height * scale))))


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A plate's source: facts as `cpu_baseline` tells them; `decoded` or the `error` that kept it from being so."""

    source_file: dict[str, Any]
    geometry: dict[str, Any]
    decoded: Decoded | None
    error: str | None


@dataclass(frozen=True)
class Measured:
    """What a model found in a picture: facts for its JSON, and the files that lie beside it."""

    facts: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)


def open_picture(body: bytes, *, name: str, sha256: str, max_megapixels: int = MAX_MEGAPIXELS) -> Picture:
    """Read any bytes; what cannot be decoded says why, and too many pixels are refused by their header."""
    told = partial(source_file, body=body, name=name, sha256=sha256)
    facts, size, decoded, error = told(None), geometry(None), None, None
    try:
        Image.MAX_IMAGE_PIXELS = None  # the limit is ours
        with Image.open(io.BytesIO(body)) as picture:
            facts, size = told(picture), geometry(picture)
            _check_size(picture, max_megapixels)
            decoded = Decoded.of(_rgb(picture, body))
    except Exception as trouble:  # whatever a decoder stumbles over is a fact about the plate
        said = _ADDRESS.sub("", " ".join(str(trouble).split()))
        error = f"{type(trouble).__name__}: {said[:300]}"
    return Picture(source_file=facts, geometry=size, decoded=decoded, error=error)


def reduced(luma: Pixels, size: tuple[int, int]) -> Pixels:
    """Smaller, as Pillow's bilinear filter does it: in whole numbers, so alike on every machine."""
    return np.asarray(Image.fromarray(luma).resize(size, Image.Resampling.BILINEAR))


def gray_counts(grays: Pixels) -> Counts:
    """How often each value occurs; counted as if every four neighbours were the bands of one pixel."""
    whole, rest = np.split(grays.ravel(), [grays.size // 4 * 4])
    bands = Image.frombuffer("CMYK", (len(whole) // 4, 1), whole)
    counts: Counts = np.array(bands.histogram(), np.int64).reshape(4, 256).sum(axis=0)
    return counts + np.bincount(rest, minlength=256)


def halved(luma: Pixels) -> Pixels:
    """Means of 2 x 2 pixels; an odd last row or column is left out."""
    height, width = luma.shape[0] // 2, luma.shape[1] // 2
    if not height:
        return luma[:0, :width]
    half = cv2.resize(luma[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return half.astype(np.uint8, copy=False)


def _is_large(pixels: Pixels) -> bool:
    """Halving it first saves two thirds of Pillow's time."""
    shorter, longer = sorted(pixels.shape[:2])
    return bool(longer >= _LARGE_SIDE and shorter > 1)


def _check_size(picture: Image.Image, max_megapixels: int) -> None:
    if picture.width * picture.height > max_megapixels * 1_000_000:
        raise ValueError(f"{picture.width} x {picture.height} pixels are more than {max_megapixels} megapixels.")


def _rgb(picture: Image.Image, body: bytes) -> Pixels:
    """As stored, not turned by EXIF. OpenCV decodes what it does like Pillow, but without copying."""
    plain = isinstance(picture, JpegImagePlugin.JpegImageFile) and picture.mode in {"L", "RGB"}
    if plain and body.endswith(_END_OF_IMAGE):  # else it would fill up what is missing
        found = cv2.imdecode(np.frombuffer(body, np.uint8), _AS_STORED)
        if found is not None:
            return found.astype(np.uint8, copy=False)
    return np.asarray(picture.convert("RGB"))


def _colour_counts(strip: Pixels) -> Counts:
    """Of R, G and B. Pillow counts four bands at once, and so twice as fast where neighbours are alike."""
    bands = Image.fromarray(cv2.cvtColor(strip, cv2.COLOR_RGB2RGBA), "RGBX")
    return np.array(bands.histogram()[:768], np.int64).reshape(3, 256)
