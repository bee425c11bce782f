"""Datasets of small pages, each image unlike any other."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

ROWS = 90


def page(number: int) -> bytes:
    """A PNG that no other number has."""
    body = io.BytesIO()
    Image.new("RGB", (48, 16 + number % 5), (number % 256, number // 256 % 256, 7)).save(body, "PNG")
    return body.getvalue()


def dataset(folder: Path, rows: int, *, inside: bool = False, **changes: Any) -> Path:
    """`pages.parquet` with its images beside it, or inside it; `changes` replace columns."""
    folder.mkdir(parents=True, exist_ok=True)
    columns: dict[str, Any] = {
        "id": [f"page-{number}" for number in range(rows)],
        "split": ["train"] * rows,
        "image_path": [f"images/{number}.png" for number in range(rows)],
        "image_filename": [f"{number}.png" for number in range(rows)],
        "width": [0] * rows,
        "height": [0] * rows,
        "metadata": [{"original_source": "drawn"}] * rows,
    }
    if inside:
        columns["image"] = [page(number) for number in range(rows)]
    else:
        (folder / "images").mkdir(exist_ok=True)
        for number in range(rows):
            (folder / "images" / f"{number}.png").write_bytes(page(number))
    columns = {name: column for name, column in {**columns, **changes}.items() if column is not None}
    pq.write_table(pa.table(columns), folder / "pages.parquet", row_group_size=100)
    return folder / "pages.parquet"


def damaged(table: Path, column: str) -> Path:
    """The same file, the column's bytes from row 100 on not as they were written."""
    group = pq.read_metadata(table).row_group(1)
    [chunk] = [at for at in map(group.column, range(group.num_columns)) if at.path_in_schema.split(".")[0] == column]
    body = bytearray(table.read_bytes())
    first = chunk.dictionary_page_offset or chunk.data_page_offset
    for place in range(first + 40, first + chunk.total_compressed_size):
        body[place] ^= 0x5A
    table.write_bytes(body)
    return table


NUMBERS = {page(number): number for number in range(1000)}
