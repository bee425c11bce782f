"""The same plan turned, mirrored, resized, inverted, framed or recompressed keeps its rooms."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from containers.room_detection.detector import Room, detect

Image = NDArray[np.uint8]
Points = NDArray[np.float64]

EXAMPLES = Path(__file__).parents[2] / "examples"
PLANS = ("flat.png", "listing.png", "office.png")
KEPT = 0.8  # the share of sure rooms that must be found again with IoU of at least 0.5
SURE = 0.5
FEW = settings(max_examples=12, deadline=None, derandomize=True)


@cache
def plan(name: str) -> Image:
    """A sample at about a megapixel, in gray."""
    image = cv2.imread(str(EXAMPLES / name), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return resized(np.asarray(image, np.uint8), min(1.0, (1e6 / image.size) ** 0.5))


@cache
def rooms_of(name: str) -> tuple[Room, ...]:
    return tuple(room for room in detect(plan(name)) if room.confidence >= SURE)


def resized(image: Image, scale: float) -> Image:
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=interpolation), np.uint8)


def filled(polygon: Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 1)
    return mask > 0


def found_again(name: str, changed: Image, back: Callable[[Points], Points]) -> float:
    """The share of the plan's sure rooms that the changed picture has too."""
    shape = plan(name).shape
    masks = [filled(back(room.polygon), shape) for room in detect(changed)]
    kept = [any(overlap(filled(room.polygon, shape), mask) >= 0.5 for mask in masks) for room in rooms_of(name)]
    return float(np.mean(kept))


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


@pytest.mark.parametrize("name", PLANS)
def test_the_samples_have_rooms_to_lose(name: str) -> None:
    assert len(rooms_of(name)) >= 4


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_by_quarters(name: str, turns: int) -> None:
    height, width = plan(name).shape

    def back(points: Points) -> Points:
        for turn in reversed(range(turns)):
            points = np.stack([(height if turn % 2 else width) - points[:, 1], points[:, 0]], axis=1)
        return points

    assert found_again(name, np.ascontiguousarray(np.rot90(plan(name), turns)), back) >= KEPT


@FEW
@given(st.sampled_from(PLANS), st.floats(-90, 90))
def test_turning_by_any_angle(name: str, degrees: float) -> None:
    height, width = plan(name).shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    side = int(np.hypot(height, width))
    matrix[:, 2] += [(side - width) / 2, (side - height) / 2]
    turned = cv2.warpAffine(plan(name), matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=255)
    inverse = cv2.invertAffineTransform(matrix)
    back = lambda points: points @ inverse[:, :2].T + inverse[:, 2]  # noqa: E731
    assert found_again(name, np.asarray(turned, np.uint8), back) >= KEPT


@pytest.mark.parametrize("name", PLANS)
def test_mirroring(name: str) -> None:
    width = plan(name).shape[1]
    assert found_again(name, plan(name)[:, ::-1], lambda points: np.abs([width, 0] - points)) >= KEPT


@FEW
@given(st.sampled_from(PLANS), st.floats(0.5, 2.0))
def test_scanning_at_another_resolution(name: str, scale: float) -> None:
    assert found_again(name, resized(plan(name), scale), lambda points: points / scale) >= KEPT


@pytest.mark.parametrize("name", PLANS)
def test_white_lines_on_black(name: str) -> None:
    assert found_again(name, 255 - plan(name), lambda points: points) >= KEPT


@FEW
@given(st.sampled_from(PLANS), st.floats(0.0, 0.3), st.floats(0.0, 0.3))
def test_wider_margins(name: str, across: float, down: float) -> None:
    height, width = plan(name).shape
    left, top = int(across * width), int(down * height)
    wide = np.pad(plan(name), ((top, top // 2), (left, left // 2)), constant_values=255)
    assert found_again(name, wide, lambda points: points - [left, top]) >= KEPT


@pytest.mark.parametrize("name", PLANS)
def test_a_poor_jpeg(name: str) -> None:
    _, coded = cv2.imencode(".jpg", plan(name), [cv2.IMWRITE_JPEG_QUALITY, 40])
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    assert found_again(name, decoded, lambda points: points) >= KEPT


@pytest.mark.parametrize("shape", [(20,), (20, 20, 2), (20, 20, 5), (2, 20, 20, 3), ()])
def test_an_array_that_is_no_picture_is_refused_by_its_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"gray \(h, w\) or RGB \(h, w, 3\)"):
        detect(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("kind", [np.float32, np.int64, np.uint16, np.bool_])
def test_an_array_of_other_numbers_is_refused_by_its_type(kind: type[np.generic]) -> None:
    with pytest.raises(ValueError, match="uint8"):
        detect(np.zeros((40, 40), kind))


@pytest.mark.parametrize("layout", [np.asfortranarray, np.ascontiguousarray])
@pytest.mark.parametrize("step", [1, 2, -1])
def test_any_memory_layout_is_read(layout: Callable[[Image], Image], step: int) -> None:
    picture = layout(np.dstack([plan("flat.png")] * 3))[::step, ::step]
    plain = np.ascontiguousarray(picture)
    assert [room.area for room in detect(picture)] == [room.area for room in detect(plain)]
