"""Contact sheets: each plate as it is, its ink as dark as there, its histograms and numbers as they were measured."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from cli.lettering import write_line
from cli.plate_histograms import HEIGHT, WIDTH, chart
from cli.plate_sheet import CELL_HEIGHT, CELL_WIDTH, GAP, HEAD, TOP, cell, draw, numbers
from cli.plate_views import SIDE, View
from containers.plate_runs.cpu_baseline import cpu_baseline
from containers.plate_runs.pictures import open_picture
from containers.plate_runs.segmentation_otsu import MASK, segmentation_otsu
from examples import plates

EVERY = settings(max_examples=60, deadline=None, derandomize=True)
counts = st.lists(st.integers(0, 10_000_000), min_size=256, max_size=256)


def view(**changes: Any) -> View:
    """A plate that was measured here."""
    body = plates.picture(1, megapixels=0.05)
    picture = open_picture(body, name="source/plate-001.jpg", sha256="0" * 64)
    ink = segmentation_otsu(picture)
    assert ink
    seen = {
        "title": "Great Owl",
        "sealed": True,
        "plate": Image.open(io.BytesIO(body)).convert("RGB"),
        "mask": Image.open(io.BytesIO(ink.files[MASK])).convert("RGB"),
        "baseline": cpu_baseline(picture).facts,
        "segmentation": ink.facts,
    }
    return View(plate_id="plate-001", **{**seen, **changes})


def pixels(picture: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(picture.convert("RGB"), np.uint8)


def place(picture: Image.Image, left: int, shown: Image.Image) -> NDArray[np.uint8]:
    """Where a cell shows a picture, in the middle of a square that begins there."""
    top, at = TOP + (SIDE - shown.height) // 2, left + (SIDE - shown.width) // 2
    return pixels(picture)[top : top + shown.height, at : at + shown.width]


def test_a_plate_is_shown_as_it_is_and_its_mask_as_dark_as_its_ink() -> None:
    one = view()
    assert one.plate
    assert one.mask
    drawn = cell(one)
    assert (place(drawn, 1, one.plate) == pixels(one.plate)).all()
    assert (place(drawn, SIDE + GAP, one.mask) == 255 - pixels(one.mask)).all()
    luma = pixels(one.plate).mean(axis=2)
    ink = pixels(one.mask).mean(axis=2) > 127
    assert luma[ink].mean() < luma[~ink].mean()


@given(counts)
@EVERY
def test_a_histogram_has_a_bar_where_there_are_pixels_and_none_where_there_are_not(found: list[int]) -> None:
    foot = pixels(chart({"L": found}))[HEIGHT - 3, 1 : WIDTH - 1].mean(axis=1)
    some = np.array(found[1 : WIDTH - 1]) > 0
    assert (foot[some] < 215).all()
    apart = ~some & ~np.array(found[:-2], bool) & ~np.array(found[2:], bool)  # no bar beside it
    assert (foot[apart] > 235).all()


def test_a_higher_bar_is_more_pixels() -> None:
    drawn = pixels(chart({"L": [0] * 100 + [1] * 50 + [4] * 50 + [16] * 56})).mean(axis=2)
    heights = [int((drawn[1:-1, column] < 200).sum()) for column in (50, 125, 175, 225)]
    assert heights == [0, pytest.approx(26, abs=1), pytest.approx(52, abs=1), pytest.approx(104, abs=1)]


def test_where_all_channels_are_alike_the_chart_is_gray_and_where_one_is_alone_it_has_its_colour() -> None:
    alike = [1] * 128 + [0] * 128
    drawn = pixels(chart({"R": [1] * 256, "G": alike, "B": alike})).astype(int)[HEIGHT // 2]
    assert np.ptp(drawn[64]) < 8
    assert drawn[192][0] > drawn[192][1] + 80
    assert drawn[192][0] > drawn[192][2] + 80


def test_the_threshold_is_marked_where_it_is() -> None:
    drawn = pixels(chart({"L": [1] * 256}, mark=160)).astype(int)
    red = (drawn[..., 0] > drawn[..., 1] + 60).sum(axis=0)
    assert np.flatnonzero(red > HEIGHT / 2).tolist() == [160]


def test_the_numbers_are_those_that_were_measured() -> None:
    one = view()
    told, stats = dict(numbers(one)), one.baseline["pixel_stats"]
    assert told["size"].startswith(f"{one.baseline['geometry']['width_px']} x {one.baseline['geometry']['height_px']}")
    assert told["entropy"] == f"{stats['entropy']['L']:.2f} bits"
    assert told["luma"].startswith(f"{stats['luma_stats']['mean']:.0f} ")
    assert told["ink"] == f"{one.segmentation['foreground_ratio']:.1%}"
    assert told["phash"] == one.baseline["hashes"]["phash"]


def test_what_was_not_measured_is_left_out() -> None:
    undecodable = cpu_baseline(open_picture(b"", name="source/plate-001.jpg", sha256="0" * 64)).facts
    without = view(plate=None, mask=None, baseline=undecodable, segmentation={})
    assert set(dict(numbers(without))) == {"file"}
    assert dict(numbers(view(baseline={}))).keys() == {"ink"}
    assert dict(numbers(View(plate_id="plate-001"))) == {}
    for one in (without, view(baseline={}), view(segmentation={}, mask=None), View(plate_id="plate-001")):
        assert cell(one).size == (CELL_WIDTH, CELL_HEIGHT)


def test_trouble_is_told_in_red_below_the_plate() -> None:
    def red(one: View) -> int:
        below = pixels(cell(one))[TOP + SIDE :].astype(int)
        return int((below[..., 0] > below[..., 1] + 60).sum())

    assert red(view()) == 0
    one = red(view(troubles=["The run has not sealed this plate."]))
    assert 0 < one < red(view(troubles=["The run has not sealed this plate."] * 2))


@pytest.mark.parametrize("count", [1, 2, 5, 12, 24])
def test_a_sheet_has_every_plate_once(count: int) -> None:
    colours = [(10 + 9 * number, 200, 40) for number in range(count)]
    views = [View(plate_id="plate-001", plate=Image.new("RGB", (SIDE, SIDE), colour)) for colour in colours]
    found = pixels(draw("plates", "about", views))
    for colour in colours:
        assert (found == colour).all(axis=2).sum() == SIDE * SIDE
    assert found.shape[0] >= HEAD + CELL_HEIGHT


@given(st.text(st.characters(), max_size=200), st.text(st.characters(), max_size=3000))
@EVERY
def test_whatever_a_title_or_a_trouble_says_the_plate_is_drawn_the_same(title: str, trouble: str) -> None:
    drawn = pixels(cell(view(title=title, troubles=[trouble])))
    same = pixels(cell(view()))
    assert (drawn[40 : TOP + SIDE] == same[40 : TOP + SIDE]).all()


@given(st.text(st.characters(), max_size=300), st.integers(20, 400))
@EVERY
def test_a_line_keeps_to_its_width_whatever_it_says(text: str, width: int) -> None:
    paper = Image.new("L", (800, 60), 255)
    write_line(ImageDraw.Draw(paper), (10, 10), text, size=15, width=width, colour="black")
    inked = np.flatnonzero((np.asarray(paper) < 255).any(axis=0))
    assert inked.size == 0 or inked.max() <= 10 + width + 2
