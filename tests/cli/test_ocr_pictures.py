"""Pictures of words: the page stays as it is under its outlines, and texts are where and how their polygons say."""

import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from cli.ocr_pictures import draw
from cli.trouble import Trouble
from examples.pages import pages
from local.ocr_engine import Engine

WIDTH, HEIGHT = 300, 200
Polygon = list[list[float]]
EVERY = settings(max_examples=60, deadline=None, derandomize=True)
anywhere = st.one_of(st.floats(), st.floats(-50, 400))
outlines = st.lists(st.lists(anywhere, min_size=2, max_size=2), max_size=6)
anything = st.text(st.characters(), max_size=60)


def page(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Paper on which every pixel differs from its neighbours."""
    pixels = np.add.outer(np.arange(height), np.arange(width)) % 64 + 180
    out = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def row(*words: tuple[Polygon, str]) -> dict[str, Any]:
    return {
        "polygons": [polygon for polygon, _ in words],
        "texts": [text for _, text in words],
        "labels": ["text"] * len(words),
    }


def turned(degrees: float, *, x: float = 150, y: float = 100, width: float = 120, height: float = 30) -> Polygon:
    """A rectangle around (x, y), clockwise from where reading starts."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(-width, -height), (width, -height), (width, height), (-width, height)]
    return [[x + (a * cosine - b * sine) / 2, y + (a * sine + b * cosine) / 2] for a, b in corners]


places = st.builds(
    turned,
    st.floats(0, 360),
    x=st.floats(-20, 320),
    y=st.floats(-20, 220),
    width=st.floats(1, 150),
    height=st.floats(1, 60),
)


def halves(picture: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    left, right = np.split(np.asarray(picture, np.uint8), 2, axis=1)
    return left, right


def ink(*words: tuple[Polygon, str]) -> NDArray[np.bool_]:
    """Which pixels of the right half are written on."""
    return np.asarray((halves(draw(page(), row(*words)))[1] != 255).any(axis=2))


def distance(polygon: Polygon) -> NDArray[np.float64]:
    """How far each pixel is from the polygon's sides."""
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    far = np.full((HEIGHT, WIDTH), np.inf)
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = np.clip(((xs - x0) * (x1 - x0) + (ys - y0) * (y1 - y0)) / length, 0, 1)
        far = np.minimum(far, np.hypot(xs - x0 - along * (x1 - x0), ys - y0 - along * (y1 - y0)))
    return np.asarray(far)


@given(st.floats(0, 360), anything)
@EVERY
def test_outlines_leave_the_other_pixels_of_the_page_as_they_are(degrees: float, text: str) -> None:
    polygon = turned(degrees)
    left, _ = halves(draw(page(), row((polygon, text))))
    before = np.asarray(Image.open(io.BytesIO(page())).convert("RGB"))
    changed = (left != before).any(axis=2)
    assert changed.any()
    assert distance(polygon)[changed].max() < 2


@given(places, st.text(max_size=9))
@EVERY
def test_a_text_is_written_inside_the_box_around_its_polygon(polygon: Polygon, text: str) -> None:
    rows, columns = np.nonzero(ink((polygon, text)))
    (left, right), (top, bottom) = ((min(side), max(side)) for side in zip(*polygon, strict=True))
    assert all((columns >= math.floor(left)) & (columns < math.ceil(right)))
    assert all((rows >= math.floor(top)) & (rows < math.ceil(bottom)))


@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180, 270, 345])
def test_a_text_runs_along_its_baseline_from_where_reading_starts(degrees: float) -> None:
    rows, columns = np.nonzero(ink((turned(degrees), "M......")))
    along = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    reached = (columns - 149.5) * along[0] + (rows - 99.5) * along[1]
    across = (rows - 99.5) * along[0] - (columns - 149.5) * along[1]
    assert reached.min() == pytest.approx(-60, abs=3)
    assert reached.mean() < 0.4 * reached.min()
    assert abs(across).max() <= 16


def test_a_text_whose_corners_run_the_other_way_round_is_not_mirrored() -> None:
    assert (ink((turned(0)[::-1], "Rooms")) == ink((turned(0), "Rooms"))).all()


@given(st.lists(st.tuples(outlines, anything), max_size=3))
@EVERY
def test_any_text_in_any_place_is_drawn(words: list[tuple[Polygon, str]]) -> None:
    assert draw(page(), row(*words)).size == (2 * WIDTH, HEIGHT)


@pytest.mark.parametrize("text", ["x" * 5000, "many words " * 500, "\n".join("abc"), "."])
def test_a_text_of_any_length_is_seen(text: str) -> None:
    assert ink((turned(0), text)).any()


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u3000"])
def test_of_an_empty_text_nothing_is_seen(text: str) -> None:
    assert not ink((turned(0), text)).any()


def test_a_letter_that_the_font_lacks_is_a_box() -> None:
    lacking = ink((turned(0), "漢"))
    assert lacking.any()
    assert (lacking == ink((turned(0), "\ud800"))).all()
    assert (lacking != ink((turned(0), "H"))).any()


def test_each_label_has_a_colour_and_outlines_have_that_of_their_text() -> None:
    words = {**row((turned(0, y=40), "one"), (turned(0, y=150), "two")), "labels": ["text", "table"]}
    left, right = halves(draw(page(), words))
    text, table = right[:100].reshape(-1, 3), right[100:].reshape(-1, 3)
    assert tuple(text.min(axis=0)) != tuple(table.min(axis=0))
    for side, written in ((left[:100], text), (left[100:], table)):
        colours = {tuple(pixel) for pixel in side.reshape(-1, 3) if len(set(pixel)) > 1}
        assert colours == {tuple(written.min(axis=0))}


def test_a_large_page_is_reduced_with_its_words() -> None:
    big = draw(page(3000, 5000), row((turned(0, x=1500, y=2500, width=1200, height=300), "Rooms")))
    assert big.size == (2400, 2000)
    rows, columns = np.nonzero((halves(big)[1] != 255).any(axis=2))
    assert columns.min() == pytest.approx(360, abs=2)
    assert rows.mean() == pytest.approx(1000, abs=15)


@pytest.mark.parametrize("image", [b"", b"words", page()[:60]])
def test_what_is_no_image_is_told_in_one_sentence(image: bytes) -> None:
    with pytest.raises(Trouble, match=r"^The page cannot be drawn: it is no image that can be read\.$"):
        draw(image, row())


def test_a_page_that_a_run_has_read_can_be_read_again_from_its_picture() -> None:
    receipt = next(pages(1))
    words = row(*(([list(corner) for corner in word.corners], word.text) for word in receipt.words))
    _, right = halves(draw(receipt.image, words))
    read = [word.text for line in Engine(threads=1).read(right) for word in line]
    known = [word.text for word in receipt.words]
    assert sum(text in read for text in known) >= 0.9 * len(known)
