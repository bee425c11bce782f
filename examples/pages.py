"""Draws a dataset of page images and the words they hold: `python -m examples.pages FOLDER [--rows N]`.

`pages.parquet` has a real table's columns and gaps: no widths, no texts. What is printed is in `truth.jsonl`.
The same rows give the same bytes every time, and a longer dataset starts with a shorter one's pages.
"""

import argparse
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from examples.paper import Paper, Word
from examples.papers import form, invoice, letter, receipt

SEED = 20_240_307
ROWS = 12
GROUP_ROWS = 50
COLUMNS = pa.schema(
    {
        "schema_version": pa.string(),
        "id": pa.string(),
        "split": pa.string(),
        "image_path": pa.string(),
        "image_filename": pa.string(),
        "width": pa.int64(),
        "height": pa.int64(),
        "polygons": pa.list_(pa.list_(pa.list_(pa.float64()))),
        "texts": pa.list_(pa.string()),
        "labels": pa.list_(pa.string()),
        "metadata": pa.struct({"original_source": pa.string()}),
    }
)


@dataclass(frozen=True)
class Page:
    """An image file and the words printed on it."""

    filename: str
    image: bytes
    width: int
    height: int
    words: list[Word]


def write(folder: Path, rows: int = ROWS) -> None:
    """Write the images, the table and the truth."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    drawn = pages(rows)
    with pq.ParquetWriter(folder / "pages.parquet", COLUMNS) as table, (folder / "truth.jsonl").open("w") as truth:
        while group := list(islice(drawn, GROUP_ROWS)):
            table.write_table(pa.Table.from_pylist([_row(page) for page in group], COLUMNS))
            for page in group:
                (folder / "images" / page.filename).write_bytes(page.image)
                truth.write(json.dumps(_truth(page)) + "\n")


def pages(rows: int) -> Iterator[Page]:
    """One page after the other, the kinds in turn."""
    for number in range(rows):
        kind, draw = list(_KINDS.items())[number % len(_KINDS)]
        paper = draw(np.random.default_rng([SEED, number]))
        filename, image = f"{kind}_{number:06d}", io.BytesIO()
        if kind in _PHOTOGRAPHED:
            filename += ".jpg"
            paper.picture.save(image, "JPEG", quality=85)
        else:
            filename += ".png"
            paper.picture.save(image, "PNG")
        yield Page(filename, image.getvalue(), paper.width, paper.height, paper.words)


def _turned(rng: np.random.Generator) -> Paper:
    """A letter that lay askew on the glass."""
    paper = letter(rng).turned(float(rng.choice([-1, 1]) * rng.uniform(3, 6)))
    return paper.scanned(rng, ink=40, paper=235, grain=5)


def _faded(rng: np.random.Generator) -> Paper:
    """A receipt that lay in the sun."""
    return receipt(rng).scanned(rng, ink=165, paper=220, grain=3)


_KINDS: dict[str, Callable[[np.random.Generator], Paper]] = {
    "receipt": receipt,
    "form": form,
    "invoice": invoice,
    "letter": letter,
    "turned": _turned,
    "faded": _faded,
}
_PHOTOGRAPHED = ("turned", "faded")


def _row(page: Page) -> dict[str, Any]:
    return {
        "schema_version": "v1.0",
        "id": f"examples_pages_{page.filename}",
        "split": "train",
        "image_path": f"images/{page.filename}",
        "image_filename": page.filename,
        "width": 0,
        "height": 0,
        "polygons": [_rounded(word) for word in page.words],
        "texts": [""] * len(page.words),
        "labels": ["text"] * len(page.words),
        "metadata": {"original_source": "examples/pages.py"},
    }


def _truth(page: Page) -> dict[str, Any]:
    words = [{"text": word.text, "corners": _rounded(word)} for word in page.words]
    return {"image_filename": page.filename, "width": page.width, "height": page.height, "words": words}


def _rounded(word: Word) -> list[list[float]]:
    return [[round(x, 2), round(y, 2)] for x, y in word.corners]


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw a dataset of page images and the words they hold.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    flags = parser.parse_args()
    write(flags.folder, flags.rows)


if __name__ == "__main__":
    main()
