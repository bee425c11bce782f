"""Exports hold what the rows hold: read back, they give the same words in the same places."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.ocr_exports import write_coco, write_jsonl, write_label_studio

places = st.floats(0, 500, allow_nan=False).map(lambda at: round(at, 2))
words = st.lists(
    st.tuples(
        st.lists(st.lists(places, min_size=2, max_size=2), min_size=3, max_size=6),
        st.text(max_size=8),
        st.sampled_from(["text", "table"]),
    ),
    max_size=4,
)
tables = st.lists(words, max_size=5)
EVERY = settings(max_examples=40, deadline=None, derandomize=True)


def rows_of(table: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"page {number}",
            "split": "train",
            "image_path": f"images/{number}.png",
            "width": 500,
            "height": 400,
            "polygons": [polygon for polygon, _, _ in found],
            "texts": [text for _, text, _ in found],
            "labels": [label for _, _, label in found],
        }
        for number, found in enumerate(table)
    ]


def exported(write: Any, table: list[Any]) -> str:
    out = io.StringIO()
    write(lambda: iter(rows_of(table)), out)
    return out.getvalue()


@given(tables)
@EVERY
def test_jsonl_is_the_rows(table: list[Any]) -> None:
    lines = exported(write_jsonl, table).split("\n")[:-1]
    assert [json.loads(line) for line in lines] == rows_of(table)


def test_metadata_that_json_has_no_words_for_is_told_as_text() -> None:
    metadata = {
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "raw": b"\xff",
        "sum": Decimal("1.50"),
    }
    out = io.StringIO()
    write_jsonl(lambda: iter([{"metadata": metadata}]), out)
    told = {"when": "2026-01-02T00:00:00+00:00", "day": "2026-01-02", "raw": "/w==", "sum": "1.50"}
    assert json.loads(out.getvalue())["metadata"] == told


@given(tables)
@EVERY
def test_coco_gives_back_words_polygons_and_labels(table: list[Any]) -> None:
    coco = json.loads(exported(write_coco, table))
    names = {category["id"]: category["name"] for category in coco["categories"]}
    found: dict[int, list[Any]] = {image["id"]: [] for image in coco["images"]}
    for word in coco["annotations"]:
        [flat] = word["segmentation"]
        polygon = [list(point) for point in zip(flat[::2], flat[1::2], strict=True)]
        found[word["image_id"]].append((polygon, word["text"], names[word["category_id"]]))
    assert list(found.values()) == table
    assert len({word["id"] for word in coco["annotations"]}) == len(coco["annotations"])


@given(tables)
@EVERY
def test_label_studio_gives_back_words_and_polygons(table: list[Any]) -> None:
    tasks = json.loads(exported(write_label_studio, table))
    assert len(tasks) == len(table)
    for task, row in zip(tasks, table, strict=True):
        regions = task["predictions"][0]["result"]
        outlines = [region["value"] for region in regions if region["type"] == "polygonlabels"]
        texts = [region["value"]["text"] for region in regions if region["type"] == "textarea"]
        assert texts == [[text] for _, text, _ in row]
        assert [outline["polygonlabels"] for outline in outlines] == [[label] for _, _, label in row]
        for outline, (polygon, _, _) in zip(outlines, row, strict=True):
            back = [[x * 5, y * 4] for x, y in outline["points"]]
            assert all(one == pytest.approx(other) for one, other in zip(back, polygon, strict=True))


def test_a_box_and_an_area_are_those_of_the_polygon() -> None:
    coco = json.loads(exported(write_coco, [[([[10, 20], [30, 20], [30, 60], [10, 60]], "word", "text")]]))
    [word] = coco["annotations"]
    assert (word["bbox"], word["area"]) == ([10, 20, 20, 40], 800)
