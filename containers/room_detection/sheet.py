"""A page → the plans drawn on it, each upright as ink on white paper at the size the network works at."""

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.masks import Gray, Mask, Parts, parts
from containers.room_detection.parameters import Parameters
from containers.room_detection.turning import Points, turn, turn_of

Box = tuple[int, int, int, int]  # left, top, right, bottom

NETWORK_STRIDE = 32
EDGE = 0.03  # share of the page's sides


@dataclass(frozen=True)
class Plan:
    """One drawing of the page: dark on 255, sides multiples of the network's stride, and the way back to the page."""

    pixels: Gray
    scale: float
    frame: "_Frame"

    def on_page(self, points: Points) -> Points:
        """Where points of the plan lie on the page."""
        return self.frame.on_page(points / self.scale)


def plans(image: NDArray[np.uint8], parameters: Parameters) -> list[Plan]:
    """The plans of a page, gray (h, w) or RGB (h, w, 3); none where nothing is drawn."""
    page = _Page.of(image, parameters)
    ink = _ink(page.lines_dark(page.small))
    frames = [page.frame(box, ink, parameters) for box in _boxes(ink, parameters)]
    scales = _scales(frames, page.gray.size, parameters)
    return [Plan(page.cut(frame, scale), scale, frame) for frame, scale in zip(frames, scales, strict=True)]


@dataclass(frozen=True)
class _Frame:
    """A rectangle of the page: `box` in pixels of the page turned back by `angle` about its upper left corner."""

    box: Box
    angle: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        left, top, right, bottom = self.box
        return right - left, bottom - top

    def on_page(self, points: Points) -> Points:
        """Where points lie that are given from the frame's corner."""
        return np.asarray((points + self.box[:2]) @ turn(self.angle).T)


@dataclass(frozen=True)
class _Page:
    """A page in gray, a smaller copy, and what its paper looks like."""

    gray: Gray
    small: Gray
    reduction: float
    dark: bool
    shade: float

    @classmethod
    def of(cls, image: NDArray[np.uint8], parameters: Parameters) -> "_Page":
        """Paper is dark where most of it is, and the lines are clearly lighter; its shade is that of a bright pixel."""
        gray = _gray(image)
        step = ceil((gray.size / parameters.sheet_pixels) ** 0.5)
        small = _thinned(gray, step)
        sample = small[::4, ::4]
        middle = np.median(sample)
        dark = bool(middle < 110 and np.mean(sample > middle + 60) < 0.4)
        shade = float(np.percentile(255 - sample if dark else sample, 60))
        return cls(gray, small, 1 / step, dark, max(60.0, shade))

    def lines_dark(self, gray: Gray) -> Gray:
        return 255 - gray if self.dark else gray

    def frame(self, box: Box, ink: Mask, parameters: Parameters) -> _Frame:
        """The page's rectangle for a box of the small copy, turned as what is drawn in it."""
        left, top, right, bottom = box
        angle = turn_of(self.small[top:bottom, left:right], parameters)
        if angle:
            rows, columns = np.nonzero(ink[top:bottom, left:right])
            box = _box_around(np.column_stack([columns + left, rows + top]) @ turn(angle))
        return _Frame(_scaled(box, 1 / self.reduction), angle)

    def cut(self, frame: _Frame, scale: float) -> Gray:
        """One rectangle of the page at a scale, its lines dark and its paper white."""
        if frame.angle:
            return _padded(self._upright(frame, scale))
        return _padded(self._clean(frame.box, scale))

    def _clean(self, box: Box, scale: float) -> Gray:
        source = self.gray
        if scale <= self.reduction:
            source, box, scale = self.small, _scaled(box, self.reduction), scale / self.reduction
        left, top, right, bottom = box
        plan = self.lines_dark(_resized(source[top:bottom, left:right], scale))
        return np.asarray(cv2.convertScaleAbs(plan, alpha=255 / self.shade), np.uint8)

    def _upright(self, frame: _Frame, scale: float) -> Gray:
        """Reduced first and turned then: the turn reads four pixels for each of its own, no more."""
        height, width = self.gray.shape
        corners = frame.on_page(np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * frame.size)
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        around = max(0, int(left)), max(0, int(top)), min(width, ceil(right)), min(height, ceil(bottom))
        back = np.column_stack([turn(frame.angle), (corners[0] - around[:2]) * scale])
        size = [max(1, round(side * scale)) for side in frame.size]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(self._clean(around, scale), back, size, flags=flags, borderValue=255), np.uint8
        )


def _scales(frames: list[_Frame], page: int, parameters: Parameters) -> list[float]:
    """Each plan comes to one size; where there are many they share what a page of this size may cost."""
    areas = [frame.size[0] * frame.size[1] for frame in frames]
    wanted = [min(parameters.largest_enlargement, (parameters.plan_pixels / area) ** 0.5) for area in areas]
    cost = sum(area * scale**2 for area, scale in zip(areas, wanted, strict=True))
    allowed = max(parameters.plan_pixels, min(parameters.most_plan_pixels, page / 8))
    return [scale * min(1.0, (allowed / cost) ** 0.5) for scale in wanted]


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = (round(side * scale) for side in box)
    return left, top, right, bottom


def _gray(image: NDArray[np.uint8]) -> Gray:
    if image.ndim == 2:
        return np.ascontiguousarray(image)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY), np.uint8)


def _ink(gray: Gray) -> Mask:
    """What is clearly darker than the paper around it: the background is the median of a thumbnail's bright pixels."""
    height, width = gray.shape
    step = max(1, round(max(height, width) / 220))
    size = max(8, width // step), max(8, height // step)
    thumbnail = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(thumbnail, np.ones((3, 3), np.uint8)), 9)
    paper = np.maximum(cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR), 90)
    return np.asarray(cv2.divide(gray, paper, scale=255) < 175, np.uint8)


def _boxes(ink: Mask, parameters: Parameters) -> list[Box]:
    """A box around each group of drawn parts; groups lie apart, and only the page's frame may run around them."""
    height, width = ink.shape
    drawn = parts(ink)
    plain = ~_framing(drawn, height, width)
    plain[0] = False
    longest = drawn.longest[plain].max(initial=0)
    large = plain & (drawn.longest >= max(parameters.smallest_stroke * longest, 8))
    if not large.any():
        return []
    sides = (drawn.left, drawn.top, drawn.left + drawn.width, drawn.top + drawn.height)
    boxes = list(zip(*(side[large].tolist() for side in sides), strict=True))
    groups = _grouped(boxes, parameters.gap_between_plans * max(height, width), parameters.gap_beside_plan)
    largest = max(_side(box) for box in groups)
    return [_widened(box, width, height) for box in groups if _side(box) >= parameters.smallest_plan * largest]


def _framing(drawn: Parts, height: int, width: int) -> NDArray[np.bool_]:
    """Lines around the page, whole or in pieces, and what lies at its very edge."""
    around = (drawn.width > 0.9 * width) & (drawn.height > 0.9 * height) & (drawn.area < 0.03 * height * width)
    along = (drawn.width > 0.7 * width) | (drawn.height > 0.7 * height)
    bare = (drawn.shortest < 0.03 * drawn.longest) | (drawn.area < 2.5 * drawn.longest)
    upper, lower = drawn.top + drawn.height < EDGE * height, drawn.top > (1 - EDGE) * height
    left, right = drawn.left + drawn.width < EDGE * width, drawn.left > (1 - EDGE) * width
    return np.asarray(around | (along & bare) | upper | lower | left | right)


def _grouped(boxes: list[Box], gap: float, gap_share: float) -> list[Box]:
    """Join boxes until all lie apart by `gap`, and by a share of the larger one's side."""
    boxes = sorted(boxes, key=_side)
    apart: list[Box] = []
    while boxes:
        box = boxes.pop()
        near = max(gap, gap_share * _side(box))
        beside = [other for other in apart + boxes if _distance(box, other) < near]
        if not beside:
            apart.append(box)
            continue
        sides = list(zip(box, *beside, strict=True))
        apart = [other for other in apart if other not in beside]
        boxes = [other for other in boxes if other not in beside]
        boxes.append((min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3])))
    return apart


def _side(box: Box) -> int:
    return max(box[2] - box[0], box[3] - box[1])


def _distance(one: Box, other: Box) -> int:
    """The gap between two boxes along the axis where it is wider; negative where they overlap."""
    return max(one[0] - other[2], other[0] - one[2], one[1] - other[3], other[1] - one[3])


def _widened(box: Box, width: int, height: int) -> Box:
    left, top, right, bottom = _with_margin(box)
    return max(0, left), max(0, top), min(width, right), min(height, bottom)


def _with_margin(box: Box) -> Box:
    margin = int(0.03 * _side(box)) + 4
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def _box_around(points: Points) -> Box:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return _with_margin((int(left), int(top), ceil(right), ceil(bottom)))


def _thinned(gray: Gray, step: int) -> Gray:
    """The mean of each block of pixels; a rest of a block at the right and lower border is left out."""
    height, width = (max(1, side // step) for side in gray.shape)
    blocks = gray[: height * step, : width * step]
    return (
        gray if step == 1 else np.asarray(cv2.resize(blocks, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    )


def _resized(gray: Gray, scale: float) -> Gray:
    size = max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(gray, size, interpolation=interpolation), np.uint8)


def _padded(gray: Gray) -> Gray:
    height, width = gray.shape
    return np.pad(gray, ((0, -height % NETWORK_STRIDE), (0, -width % NETWORK_STRIDE)), constant_values=255)
