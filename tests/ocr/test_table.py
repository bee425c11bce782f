"""A dataset that breaks its contract is refused in one sentence that says where, before anything is asked."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from containers.ocr.table import BadTable, open_table
from tests.ocr.datasets import damaged, dataset

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no id": ({"id": None}, "lacks the column id"),
    "no path": ({"image_path": None}, "lacks the column image_path"),
    "numbers for ids": ({"id": list(range(12))}, "column id of .* holds int64: it must hold text"),
    "numbers for versions": (
        {"schema_version": [1] * 12},
        "column schema_version of .* holds int64: it must hold text",
    ),
    "text for images": ({"image": ["a.png"] * 12}, "column image of .* holds string: it must hold bytes, or a struct"),
    "places for images": ({"image": [{"path": "a"}] * 12}, "column image of .* it must hold bytes, or a struct"),
    "text for widths": ({"width": ["0"] * 12}, "column width of .* holds string: it must hold whole numbers"),
    "one id twice": ({"id": [*"abcdefghijk", "c"]}, r"Rows 2 and 11 of .* have the same id, 'c'"),
    "an empty id": ({"id": [*"abcdefghijk", ""]}, r"Row 11 of .* has nothing in the column id"),
    "a null path": ({"image_path": [*"abcdefghijk", None]}, r"Row 11 of .* has nothing in the column image_path"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_broken_dataset_is_refused_by_its_place(what: str, tmp_path: Path) -> None:
    changes, sentence = WRONG[what]
    path = dataset(tmp_path, 12, **changes)
    with pytest.raises(BadTable, match=sentence), open_table(str(path)) as table:
        table.check_rows()


def test_a_dataset_without_rows_is_refused(tmp_path: Path) -> None:
    path = dataset(tmp_path, 0, id=pa.array([], pa.string()), image_path=pa.array([], pa.string()))
    with pytest.raises(BadTable, match="has no rows"), open_table(str(path)):
        pass


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1" * 100, b"\x00" * 64, b"id,image_path\n1,a.png\n"])
def test_a_file_that_is_no_parquet_is_refused(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "pages.parquet").write_bytes(body)
    with pytest.raises(BadTable, match="is not a Parquet file"), open_table(str(tmp_path / "pages.parquet")):
        pass


def test_a_dataset_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="is not there"), open_table(str(tmp_path / "none.parquet")):
        pass


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_text_of_every_kind_is_text(kind: pa.DataType, tmp_path: Path) -> None:
    ids = [f"page-{number}" for number in range(12)]
    with open_table(str(dataset(tmp_path, 12, id=pa.array(ids).cast(kind), split=None))) as table:
        table.check_rows()
        assert [row.values["id"] for row in table.read(0)] == ids


def read_whole(path: Path) -> None:
    with open_table(str(path)) as table:
        table.check_rows()
        list(table.read(0))


@pytest.mark.parametrize("column", ["id", "metadata"])
def test_a_damaged_file_is_refused_by_row_and_column(column: str, tmp_path: Path) -> None:
    path = damaged(dataset(tmp_path, 250), column)
    with pytest.raises(BadTable, match=rf"cannot be read from row 100 on, in one of the columns .*{column}"):
        read_whole(path)


@pytest.mark.parametrize("first", [0, 1, 99, 100, 249])
def test_reading_begins_at_any_row(first: int, tmp_path: Path) -> None:
    with open_table(str(dataset(tmp_path, 250))) as table:
        rows = list(table.read(first))
    assert [row.number for row in rows] == list(range(first, 250))
    assert rows[0].values["id"] == f"page-{first}"


def test_only_the_first_rows_are_checked_and_read_where_that_is_asked(tmp_path: Path) -> None:
    with open_table(str(dataset(tmp_path, 12, id=[*"abcdefghijk", "c"])), most_rows=10) as table:
        table.check_rows()
        assert len(list(table.read(0))) == 10


def test_images_inside_are_found_as_bytes_and_as_datasets_of_hugging_face_have_them(tmp_path: Path) -> None:
    plain, nested = tmp_path / "plain.parquet", tmp_path / "nested.parquet"
    ids = {"id": ["a"], "image_path": ["a.png"]}
    pq.write_table(pa.table({**ids, "image": [b"png"]}), plain)
    pq.write_table(pa.table({**ids, "image": [{"bytes": b"png", "path": "a.png"}]}), nested)
    for path in (plain, nested):
        with open_table(str(path)) as table:
            assert [row.image for row in table.read(0)] == [b"png"]


@pytest.mark.parametrize("metadata", [None, [None] * 3])
def test_metadata_that_could_not_be_written_gets_the_usual_type(metadata: list[None] | None, tmp_path: Path) -> None:
    columns = {"id": list("abc"), "image_path": list("abc")} | ({} if metadata is None else {"metadata": metadata})
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with open_table(str(tmp_path / "t.parquet")) as table:
        assert table.metadata == pa.struct([("original_source", pa.string())])
