"""The drawn pages: the same every time, with a real table's columns, and a truth that is where the ink is."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from examples.pages import ROWS, Page, pages, write
from tests.conftest import EXAMPLES

REAL_COLUMNS = [
    ("schema_version", "string"),
    ("id", "string"),
    ("split", "string"),
    ("image_path", "string"),
    ("image_filename", "string"),
    ("width", "int64"),
    ("height", "int64"),
    ("polygons", "list<element: list<element: list<element: double>>>"),
    ("texts", "list<element: string>"),
    ("labels", "list<element: string>"),
    ("metadata", "struct<original_source: string>"),
]
DRAWN = {page.filename.partition("_")[0]: page for page in pages(6)}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pixels(page: Page) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(page.image)), np.uint8)


def without_words(page: Page) -> NDArray[np.uint8]:
    picture = Image.open(io.BytesIO(page.image))
    for word in page.words:
        ImageDraw.Draw(picture).polygon(word.corners, fill=255, outline=255, width=3)
    return np.asarray(picture, np.uint8)


def test_another_process_draws_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.pages", str(tmp_path / "theirs"), "--rows", "7"]
    subprocess.run(command, cwd=EXAMPLES.parent, check=True)
    write(tmp_path / "ours", 7)
    assert files(tmp_path / "theirs") == files(tmp_path / "ours")


def test_a_longer_dataset_starts_with_a_shorter_ones_pages() -> None:
    assert list(pages(ROWS))[:6] == list(DRAWN.values())


def test_no_two_pages_are_alike() -> None:
    assert len({page.image for page in pages(ROWS)}) == ROWS


def test_the_table_has_the_columns_and_the_gaps_of_a_real_one(tmp_path: Path) -> None:
    write(tmp_path, 6)
    table = pq.read_table(tmp_path / "pages.parquet")
    assert [(column.name, str(column.type)) for column in table.schema] == REAL_COLUMNS
    for row, page in zip(table.to_pylist(), DRAWN.values(), strict=True):
        assert (row["width"], row["height"], set(row["texts"]), set(row["labels"])) == (0, 0, {""}, {"text"})
        assert len(row["polygons"]) == len(row["texts"]) == len(row["labels"]) == len(page.words)
        assert (tmp_path / row["image_path"]).read_bytes() == page.image


def test_the_truth_names_every_word_of_every_page(tmp_path: Path) -> None:
    write(tmp_path, 6)
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    for line, page in zip(truth, DRAWN.values(), strict=True):
        assert (line["image_filename"], line["width"], line["height"]) == (page.filename, page.width, page.height)
        assert [word["text"] for word in line["words"]] == [word.text for word in page.words]


@pytest.mark.parametrize("kind", DRAWN)
def test_all_ink_is_where_the_truth_says(kind: str) -> None:
    page = DRAWN[kind]
    assert pixels(page).shape == (page.height, page.width)
    if kind == "letter":
        assert without_words(page).min() == 255
    for word in page.words:
        xs, ys = zip(*word.corners, strict=True)
        assert 0 < min(xs) < max(xs) < page.width
        assert 0 < min(ys) < max(ys) < page.height
        part = pixels(page)[int(min(ys)) : int(max(ys)) + 1, int(min(xs)) : int(max(xs)) + 1]
        assert int(part.max()) - int(part.min()) > 30


def test_faded_ink_is_hard_to_tell_from_its_paper() -> None:
    shades = pixels(DRAWN["faded"])
    assert int(np.percentile(shades, 99)) - int(np.percentile(shades, 1)) < 90
