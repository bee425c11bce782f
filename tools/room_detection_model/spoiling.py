"""What scanners, cameras, printers and encoders do to a clean drawing."""

from collections.abc import Callable
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from tools.room_detection_model.canvas import Gray
from tools.room_detection_model.partition import Random

Light = NDArray[np.float32]
Picture = TypeVar("Picture", Gray, Light)


def spoil(random: Random, drawing: Gray) -> Gray:
    """The same drawing as it reaches us: coarser, noisier, recompressed, unevenly lit; size is kept."""
    copy = _with_some(random, drawing, (0.35, _coarsen), (0.15, _fax), (0.15, _blur))
    light = _with_some(random, copy.astype(np.float32), (0.2, _light_unevenly), (0.25, _add_noise), (0.3, _pale))
    photo = np.clip(light, 0, 255).astype(np.uint8)
    return _with_some(random, photo, (0.06, _salt), (0.3, _jpeg))


def _with_some(
    random: Random, picture: Picture, *spoilers: tuple[float, Callable[[Random, Picture], Picture]]
) -> Picture:
    """Each spoiler has its chance."""
    for share, spoiled in spoilers:
        if random.random() < share:
            picture = spoiled(random, picture)
    return picture


def _coarsen(random: Random, drawing: Gray) -> Gray:
    """Scanned or saved at less than our working size."""
    height, width = drawing.shape
    scale = random.uniform(0.45, 0.95)
    small = np.asarray(cv2.resize(drawing, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    if random.random() < 0.6:
        small = _jpeg(random, small)
    way = int(random.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    return np.asarray(cv2.resize(small, (width, height), interpolation=way), np.uint8)


def _fax(random: Random, drawing: Gray) -> Gray:
    """Black or white; shaded floors would turn black, so those drawings stay as they are."""
    if np.mean(drawing < 225) >= 0.25:
        return drawing
    return np.where(drawing < random.integers(190, 225), 0, 255).astype(np.uint8)


def _blur(random: Random, drawing: Gray) -> Gray:
    return np.asarray(cv2.GaussianBlur(drawing, (0, 0), random.uniform(0.4, 1.1)), np.uint8)


def _light_unevenly(random: Random, values: Light) -> Light:
    height, width = values.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    slope = random.normal(0, 1, 2)
    shade = (x / width - 0.5) * slope[0] + (y / height - 0.5) * slope[1]
    return np.asarray(values * (1 - np.clip(0.18 * shade + random.uniform(0, 0.15), -0.05, 0.5)), np.float32)


def _add_noise(random: Random, values: Light) -> Light:
    return values + random.normal(0, random.uniform(2, 16), values.shape).astype(np.float32)


def _pale(random: Random, values: Light) -> Light:
    low = random.uniform(0, 60)
    return np.asarray(low + values * (255 - low) / 255, np.float32)


def _salt(random: Random, drawing: Gray) -> Gray:
    salt = random.random(drawing.shape) < random.uniform(0.0005, 0.006)
    salted = drawing.copy()
    salted[salt] = random.integers(0, 256, int(salt.sum()))
    return salted


def _jpeg(random: Random, drawing: Gray) -> Gray:
    _, data = cv2.imencode(".jpg", drawing, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(35, 95))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
