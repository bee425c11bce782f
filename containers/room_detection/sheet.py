"""A page → its plan: dark strokes on flat white, cropped to the drawing and brought to working size."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.masks import Gray, Mask, Parts, grown, parts, shrunk
from containers.room_detection.parameters import Parameters

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Sheet:
    """The plan as ink, and the way back from its coordinates to the page's pixels."""

    ink: Mask
    scale: float
    left: float
    top: float
    page_width: int
    page_height: int

    def on_page(self, points: Points) -> Points:
        """Where points of the sheet lie on the page."""
        placed = points / self.scale + [self.left, self.top]
        return np.clip(placed, 0, [self.page_width, self.page_height])


def read_sheet(image: NDArray[np.uint8], parameters: Parameters) -> Sheet | None:
    """Find the plan on a page; None where nothing is drawn."""
    height, width = image.shape[:2]
    reduction = min(1.0, (parameters.sheet_pixels / (height * width)) ** 0.5)
    flat = _flattened(_reduced(_gray(image), reduction))
    found = _plan(parts(ink_of(flat)))
    if found is None:
        return None
    x0, y0, x1, y1, side, frame = found
    plan = np.where(grown(frame, 3, 3) > 0, np.uint8(255), flat)[y0:y1, x0:x1]
    scale = _working_scale(plan, side, parameters)
    sized = _resized(shrunk(plan, 2, 2) if scale < 0.45 else plan, scale)
    return Sheet(ink_of(sized), scale * reduction, x0 / reduction, y0 / reduction, width, height)


def ink_of(flat: Gray) -> Mask:
    """Otsu's threshold over everything that is not paper."""
    drawn = flat[flat < 245]
    threshold = 127.0
    if drawn.size >= 50:
        otsu, _ = cv2.threshold(drawn.reshape(-1, 1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        threshold = float(np.clip(otsu, 110, 205))
    return (flat <= threshold).astype(np.uint8)


def _gray(image: NDArray[np.uint8]) -> Gray:
    if image.ndim == 2:
        return np.ascontiguousarray(image)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_RGB2GRAY), np.uint8)


def _reduced(gray: Gray, scale: float) -> Gray:
    if scale >= 0.75:
        return _resized(gray, scale)
    light = np.median(gray[::8, ::8]) >= 128
    return _resized(shrunk(gray, 2, 2) if light else grown(gray, 2, 2), scale)  # thin lines survive the averaging


def _flattened(gray: Gray) -> Gray:
    """White paper and dark ink, whatever the light: the background is the median of a thumbnail's bright pixels."""
    middle = np.median(gray[::4, ::4])
    if middle < 110 and float(np.mean(gray > middle + 60)) < 0.4:
        gray = 255 - gray
    height, width = gray.shape
    step = max(1, round(max(height, width) / 220))
    thumbnail = np.asarray(
        cv2.resize(gray, (max(8, width // step), max(8, height // step)), interpolation=cv2.INTER_AREA), np.uint8
    )
    paper = cv2.medianBlur(grown(thumbnail, 3, 3), 9)
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(gray, np.maximum(paper, 90), scale=255), np.uint8)


def _plan(ink: Parts) -> tuple[int, int, int, int, float, Mask] | None:
    """The box around all large parts, the side of the largest, and the page's frame, which is no part of the plan."""
    height, width = ink.labels.shape
    framing = (ink.width > 0.9 * width) & (ink.height > 0.9 * height) & (ink.area < 0.03 * height * width)
    drawn = ~framing
    drawn[0] = False
    if not drawn.any():
        return None
    side = float(ink.longest[drawn].max())
    large = drawn & (ink.longest >= 0.12 * side) & (ink.area >= 0.0015 * side**2)
    if not large.any():
        large = drawn & (ink.longest >= 0.5 * side)
    x0, y0 = int(ink.left[large].min()), int(ink.top[large].min())
    x1, y1 = int((ink.left + ink.width)[large].max()), int((ink.top + ink.height)[large].max())
    side = max(side, 0.3 * max(x1 - x0, y1 - y0))
    margin = int(0.03 * side) + 4
    box = max(0, x0 - margin), max(0, y0 - margin), min(width, x1 + margin), min(height, y1 + margin)
    return *box, side, ink.pick(framing)


def _working_scale(plan: Gray, side: float, parameters: Parameters) -> float:
    """Plans come to one size; 1 where that would change little."""
    shrink = min(1.0, parameters.longest_plan_side_pixels / side)
    enlarge = min(parameters.largest_enlargement, max(1.0, parameters.shortest_plan_side_pixels / side))
    scale = float(min(shrink * enlarge, (parameters.plan_pixels / plan.size) ** 0.5))
    return 1.0 if abs(scale - 1) <= 0.02 else scale


def _resized(gray: Gray, scale: float) -> Gray:
    if scale == 1:
        return gray
    scale = max(scale, 1 / min(gray.shape))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=interpolation), np.uint8)
