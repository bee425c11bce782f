"""The rows of an OCR run in the formats that labelling tools and trainers read, written row by row."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import date, time
from itertools import count
from typing import IO, Any

Row = dict[str, Any]
Rows = Callable[[], Iterator[Row]]


def write_jsonl(rows: Rows, out: IO[str]) -> None:
    """One JSON object a line, as the rows are; times in metadata by ISO 8601, bytes in Base64."""
    for row in rows():
        print(json.dumps(row, ensure_ascii=False, default=plain), file=out)


def plain(value: object) -> str:
    """What JSON has no word for, as text."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date | time) else str(value)


def write_coco(rows: Rows, out: IO[str]) -> None:
    """COCO object detection (https://cocodataset.org/#format-data), each word's text in its annotation.

    Categories are the labels in the order of their first use; rows that failed are images without annotations.
    """
    categories: dict[str, int] = {}
    for row in rows():
        for label in row["labels"]:
            categories.setdefault(label, len(categories) + 1)
    print("{", file=out)
    _write_list("images", (_coco_image(number, row) for number, row in enumerate(rows(), 1)), out, end=",")
    _write_list("annotations", _coco_annotations(rows(), categories), out, end=",")
    _write_list("categories", ({"id": number, "name": name} for name, number in categories.items()), out, end="")
    print("}", file=out)


def write_label_studio(rows: Rows, out: IO[str]) -> None:
    """Label Studio tasks with predictions (https://labelstud.io/guide/predictions): polygons in percent, and texts.

    The labelling interface needs a Polygon tag `bbox`, a TextArea `transcription` and an Image `image`.
    """
    print("[", file=out)
    _write_items((_task(number, row) for number, row in enumerate(rows(), 1)), out)
    print("]", file=out)


FORMATS: dict[str, Callable[[Rows, IO[str]], None]] = {
    "coco": write_coco,
    "label-studio": write_label_studio,
    "jsonl": write_jsonl,
}


def _coco_image(number: int, row: Row) -> Row:
    return {"id": number, "file_name": row["image_path"], "width": row["width"] or 0, "height": row["height"] or 0}


def _coco_annotations(rows: Iterator[Row], categories: dict[str, int]) -> Iterator[Row]:
    number = count(1)
    for image, row in enumerate(rows, 1):
        for polygon, text, label in zip(row["polygons"], row["texts"], row["labels"], strict=True):
            yield {
                "id": next(number),
                "image_id": image,
                "category_id": categories[label],
                "segmentation": [[at for point in polygon for at in point]],
                "bbox": _box(polygon),
                "area": _area(polygon),
                "iscrowd": 0,
                "text": text,
            }


def _box(polygon: list[list[float]]) -> list[float]:
    """Left, top, width and height."""
    xs, ys = zip(*polygon, strict=True)
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def _area(polygon: list[list[float]]) -> float:
    """By the shoelace formula."""
    following = [*polygon[1:], polygon[0]]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(polygon, following, strict=True))) / 2


def _task(number: int, row: Row) -> Row:
    words = zip(row["polygons"], row["texts"], row["labels"], strict=True)
    results = [part for at, word in enumerate(words) for part in _regions(f"{number}-{at}", row, *word)]
    return {
        "id": number,
        "data": {"image": row["image_path"], "id": row["id"], "split": row["split"]},
        "predictions": [{"model_version": "loupe-ocr", "result": results}],
    }


def _regions(identity: str, row: Row, polygon: list[list[float]], text: str, label: str) -> Iterator[Row]:
    """A word's outline and its transcription, which share an id."""
    size = {"original_width": row["width"], "original_height": row["height"], "image_rotation": 0}
    points = [[100 * x / row["width"], 100 * y / row["height"]] for x, y in polygon]
    common = {"id": identity, "to_name": "image", **size}
    yield {
        **common,
        "from_name": "bbox",
        "type": "polygonlabels",
        "value": {"points": points, "polygonlabels": [label]},
    }
    yield {**common, "from_name": "transcription", "type": "textarea", "value": {"points": points, "text": [text]}}


def _write_list(name: str, items: Iterator[Row], out: IO[str], *, end: str) -> None:
    print(f'"{name}": [', file=out)
    _write_items(items, out)
    print(f"]{end}", file=out)


def _write_items(items: Iterator[Row], out: IO[str]) -> None:
    comma = ""
    for item in items:
        out.write(comma + json.dumps(item, ensure_ascii=False))
        comma = ",\n"
    out.write("\n")
