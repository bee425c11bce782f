"""The dataset: a Parquet file whose rows name page images, checked before any call and read in small batches."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from loupe.artifacts import open_beside

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

SCHEMA_VERSION = "v1.0"
ROWS_READ_AT_ONCE = 64
TEXT, WHOLE, IMAGE = "text", "whole numbers", "bytes, or a struct with bytes"
_COLUMNS = {
    "id": TEXT,
    "image_path": TEXT,
    "image_filename": TEXT,
    "split": TEXT,
    "schema_version": TEXT,
    "width": WHOLE,
    "height": WHOLE,
    "image": IMAGE,
}
_KINDS = {
    TEXT: (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    WHOLE: (pa.types.is_integer,),
    IMAGE: (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
}
_NEEDED = ("id", "image_path")
_METADATA = pa.struct([("original_source", pa.string())])


class BadTable(ValueError):
    """A dataset that cannot be labelled; the text says where it breaks the contract, and what would keep it."""


@dataclass(frozen=True)
class Row:
    """One row of the dataset: its place in the table, what it says, and its image if the table holds it."""

    number: int
    values: dict[str, Any]
    image: bytes | None = None

    @property
    def image_path(self) -> str:
        path: str = self.values["image_path"]
        return path

    @property
    def bytes(self) -> int:
        return len(self.image or b"")


@contextmanager
def open_table(
    url: str, *, version: str | None = None, most_rows: int | None = None, client: "S3Client | None" = None
) -> "Iterator[Table]":
    """A dataset whose columns keep the contract; BadTable for anything else."""
    folder, name = open_beside(url, client)
    try:
        file = folder.open(name, version)
    except FileNotFoundError:
        raise BadTable(f"{url} is not there.") from None
    with file:
        try:
            parquet = pq.ParquetFile(file, pre_buffer=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise BadTable(f"{url} is not a Parquet file: {_line(error)}") from None
        yield Table(url, parquet, most_rows)


class Table:
    """An open dataset, of which the first `rows` are labelled."""

    def __init__(self, url: str, file: pq.ParquetFile, most_rows: int | None) -> None:
        self.url, self._file = url, file
        self.schema: pa.Schema = file.schema_arrow
        self._check_columns()
        whole = file.metadata.num_rows
        self.rows: int = whole if most_rows is None else min(whole, most_rows)
        if not self.rows:
            raise BadTable(f"{url} has no rows: there is nothing to label.")

    @property
    def metadata(self) -> pa.DataType:
        """The type of the column `metadata`, which is kept as it is; a struct without fields cannot be written."""
        if "metadata" not in self.schema.names:
            return _METADATA
        kind = self.schema.field("metadata").type
        empty = pa.types.is_null(kind) or (pa.types.is_struct(kind) and not kind.num_fields)
        return _METADATA if empty else kind

    def check_rows(self) -> None:
        """Each row has an id of its own and an image; BadTable names the first row that has not."""
        with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "ids.sqlite")) as seen:
            seen.execute("PRAGMA journal_mode = OFF")
            seen.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID")
            number = 0
            for _, batch in self._batches(["id", "image_path"], rows=4096):
                for one, path in zip(*(batch.column(name).to_pylist() for name in _NEEDED), strict=True):
                    if number >= self.rows:
                        return
                    self._check_row(seen, number, one, path)
                    number += 1

    def read(self, first: int) -> Iterator[Row]:
        """The rows from this one on; row groups before it are not fetched."""
        names = [name for name in (*_COLUMNS, "metadata") if name in self.schema.names]
        for start, batch in self._batches(names, rows=ROWS_READ_AT_ONCE, first=first):
            for number, values in enumerate(batch.to_pylist(), start):
                if first <= number < self.rows:
                    yield Row(number, values, _image(values.pop("image", None)))

    def image(self, number: int) -> bytes | None:
        """The image that the table itself holds in a row, if it does."""
        return next(self.read(number)).image if "image" in self.schema.names else None

    def _batches(self, columns: list[str], *, rows: int, first: int = 0) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Batches of these columns with the number of their first row, from the row group of `first` on."""
        number, metadata = 0, self._file.metadata
        for group in range(metadata.num_row_groups):
            end = number + metadata.row_group(group).num_rows
            if end > first:
                batches = self._file.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False)
                while (batch := self._next(batches, number, columns)) is not None:
                    yield number, batch
                    number += batch.num_rows
            number = end

    def _next(self, batches: Iterator[pa.RecordBatch], number: int, columns: list[str]) -> pa.RecordBatch | None:
        try:
            return next(batches, None)
        except (pa.ArrowInvalid, OSError) as error:
            where = f"from row {number} on, in one of the columns {', '.join(columns)}"
            raise BadTable(f"{self.url} cannot be read {where}: {_line(error)}") from None

    def _check_columns(self) -> None:
        for name in _NEEDED:
            if name not in self.schema.names:
                raise BadTable(f"{self.url} lacks the column {name}: a dataset needs id and image_path.")
        for name, wanted in _COLUMNS.items():
            kind = self.schema.field(name).type if name in self.schema.names else pa.null()
            if not _holds(kind, wanted):
                raise BadTable(f"The column {name} of {self.url} holds {kind}: it must hold {wanted}.")

    def _check_row(self, seen: sqlite3.Connection, number: int, one: str | None, path: str | None) -> None:
        if not one or not path:
            column = "image_path" if one else "id"
            raise BadTable(f"Row {number} of {self.url} has nothing in the column {column}.")
        try:
            seen.execute("INSERT INTO ids VALUES (?, ?)", (one, number))
        except sqlite3.IntegrityError:
            [(first,)] = seen.execute("SELECT number FROM ids WHERE id = ?", (one,))
            raise BadTable(f"Rows {first} and {number} of {self.url} have the same id, {one!r}.") from None


def _holds(kind: pa.DataType, wanted: str) -> bool:
    """Whether a column of that type can be read as what is wanted; one that is all null always can."""
    if wanted == TEXT and pa.types.is_dictionary(kind):
        return _holds(kind.value_type, wanted)
    if wanted == IMAGE and pa.types.is_struct(kind):
        return kind.get_field_index("bytes") >= 0 and _holds(kind.field("bytes").type, wanted)
    return any(is_kind(kind) for is_kind in (pa.types.is_null, *_KINDS[wanted]))


def _image(cell: Any) -> bytes | None:
    """Image bytes as they are, or in a struct with `bytes`, as Hugging Face datasets have them."""
    found = cell.get("bytes") if isinstance(cell, dict) else cell
    return found if isinstance(found, bytes) else None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
