"""Every row once, in order, whatever the service does and whenever the program is stopped."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.ocr.labelling import ATTEMPTS
from containers.ocr.run import Failed
from loupe.contracts import check
from tests.ocr.datasets import NUMBERS, ROWS, dataset, page
from tests.ocr.hostile import FAULTS, KEY, Hostile, served, words_of
from tests.ocr.programs import label, program, written

ENDING = {"401", "302", "413"}
PASSING = [fault for fault in FAULTS if fault not in ENDING]


def rows_of(out: Path) -> list[dict[str, object]]:
    return [row for part in sorted(out.glob("part-*")) for row in pq.read_table(part).to_pylist()]


def test_every_row_is_there_once_in_order_with_its_words(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    manifest = label(table, tmp_path / "run", hostile)
    rows = rows_of(tmp_path / "run")
    assert [row["id"] for row in rows] == [f"page-{number}" for number in range(ROWS)]
    assert [row["texts"] for row in rows] == [[w["text"] for w in words_of(page(n))] for n in range(ROWS)]
    assert [(row["width"], row["height"]) for row in rows[:6]] == [(48, 16 + n % 5) for n in range(6)]
    assert {row["status"] for row in rows} == {"labelled"}
    assert (manifest["rows"], manifest["failed"], len(manifest["parts"])) == (ROWS, 0, 5)


@given(st.lists(st.integers(0, 11), max_size=4))
@settings(max_examples=6, deadline=None, derandomize=True)
def test_every_row_keeps_its_contract_its_lists_equally_long(
    tmp_path_factory: pytest.TempPathFactory, failing: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    with served(Hostile(fault=lambda document, _: "413" if NUMBERS[document] in failing else None)) as service:
        label(dataset(folder / "in", 12), folder / "run", service)
    for row in rows_of(folder / "run"):
        told: dict[str, Any] = check("ocr/output_row", row)
        assert len(told["polygons"]) == len(told["texts"]) == len(told["labels"])
        assert (told["status"] == "failed") is (told["id"] in {f"page-{number}" for number in failing})


def test_the_single_file_is_the_parts(honest: dict[str, bytes], tmp_path: Path) -> None:
    for name, body in honest.items():
        (tmp_path / name).write_bytes(body)
    assert pq.read_table(tmp_path / "output.parquet").to_pylist() == rows_of(tmp_path)


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_changes_nothing(
    fault: str, table: Path, honest: dict[str, bytes], tmp_path: Path, hostile: Hostile
) -> None:
    hostile.fault = lambda document, call: fault if call == 1 and NUMBERS[document] % 30 == 7 else None
    label(table, tmp_path / "run", hostile, single_file=True, timeout=1 if fault == "drip" else 10)
    assert written(tmp_path / "run") == honest


@given(st.dictionaries(st.integers(0, ROWS - 1), st.lists(st.sampled_from(["500", "reset", "html"]), max_size=3)))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_any_faults_that_pass_change_nothing(
    table: Path, honest: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, faults: dict[int, list[str]]
) -> None:
    def fault(document: bytes, call: int) -> str | None:
        return dict(enumerate(faults.get(NUMBERS[document], []), 1)).get(call)

    out = tmp_path_factory.mktemp("any") / "run"
    with served(Hostile(fault=fault)) as service:
        label(table, out, service, single_file=True)
    assert written(out) == honest


REASONS = {
    "500": "HTTP 500",
    "reset": "connection",
    "drip": "in time",
    "truncated": "not JSON",
    "html": "not JSON",
    "wrong lengths": "no list of words",
    "key told": "held the key",
    "413": "HTTP 413",
}


@pytest.mark.parametrize("fault", REASONS)
def test_a_row_that_always_fails_is_kept_with_its_reason(
    fault: str, table: Path, tmp_path: Path, hostile: Hostile
) -> None:
    hostile.fault = lambda document, _: fault if NUMBERS[document] == 33 else None
    manifest = label(table, tmp_path / "run", hostile, timeout=1 if fault == "drip" else 10)
    attempts = 1 if fault == "413" else ATTEMPTS
    rows = rows_of(tmp_path / "run")
    assert manifest["failed"] == 1
    assert [row["id"] for row in rows if row["status"] == "failed"] == ["page-33"]
    assert (rows[33]["attempts"], rows[33]["texts"], rows[33]["polygons"]) == (attempts, [], [])
    assert REASONS[fault] in str(rows[33]["error"])
    assert hostile.calls[page(33)] == attempts


def test_a_word_told_twice_is_kept_once(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    hostile.fault = lambda *_: "words twice"
    label(table, tmp_path / "run", hostile)
    assert {len(row["texts"]) for row in rows_of(tmp_path / "run")} == {4}  # type: ignore[arg-type]  # a list


def test_a_service_that_moved_is_not_followed(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    hostile.fault = lambda *_: "302"
    with pytest.raises(Failed, match="has moved"):
        label(table, tmp_path / "run", hostile)


def test_being_asked_too_often_costs_time_and_no_row(
    table: Path, honest: dict[str, bytes], tmp_path: Path, hostile: Hostile
) -> None:
    until = time.monotonic() + 3
    hostile.fault = lambda *_: "429" if time.monotonic() < until else None
    label(table, tmp_path / "run", hostile, single_file=True, rate=20.0)
    assert written(tmp_path / "run") == honest
    assert hostile.answered[429] < 20


def test_too_many_failures_stop_a_run(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    hostile.fault = lambda document, _: "413" if NUMBERS[document] < 10 else None
    with pytest.raises(Failed, match="--max-failures allows 5"):
        label(table, tmp_path / "run", hostile, max_failures=5)


def test_what_the_table_says_of_a_row_is_kept_as_it_is(tmp_path: Path, hostile: Hostile) -> None:
    kept: dict[str, Any] = {
        "schema_version": ["v2.7", None],
        "split": ["train", "test"],
        "metadata": [{"of": [1, 2]}, None],
    }
    label(dataset(tmp_path / "in", 2, **kept), tmp_path / "run", hostile)
    rows = rows_of(tmp_path / "run")
    assert [row["schema_version"] for row in rows] == ["v2.7", "v1.0"]
    assert {name: [row[name] for row in rows] for name in ("split", "metadata")} == {
        name: kept[name] for name in ("split", "metadata")
    }


def test_the_first_rows_alone(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    assert label(table, tmp_path / "run", hostile, max_rows=25)["rows"] == 25
    assert hostile.calls.total() == 25


def test_images_inside_the_table(tmp_path: Path, honest: dict[str, bytes], hostile: Hostile) -> None:
    label(dataset(tmp_path / "in", ROWS, inside=True), tmp_path / "run", hostile)
    parts = {name: body for name, body in written(tmp_path / "run").items() if name.startswith("part-")}
    assert parts == {name: body for name, body in honest.items() if name.startswith("part-")}


@pytest.mark.parametrize("path", ["images/none.png", "/etc/passwd", "../../a.png", "https://example.com/a.png", "."])
def test_an_image_that_is_not_there_or_not_ours_fails_its_row(path: str, tmp_path: Path, hostile: Hostile) -> None:
    paths = [f"images/{number}.png" for number in range(9)] + [path]
    label(dataset(tmp_path / "in", 10, image_path=paths), tmp_path / "run", hostile)
    *good, bad = rows_of(tmp_path / "run")
    assert {row["status"] for row in good} == {"labelled"}
    assert bad["status"] == "failed"
    assert path in str(bad["error"])
    assert hostile.calls.total() == 9


def test_a_file_that_is_no_image_fails_its_row_alone(tmp_path: Path, hostile: Hostile) -> None:
    table = dataset(tmp_path / "in", 4)
    (tmp_path / "in/images/1.png").write_bytes(b"no image")
    (tmp_path / "in/images/2.png").write_bytes(b"")
    label(table, tmp_path / "run", hostile)
    assert [row["error"] for row in rows_of(tmp_path / "run")] == [
        None,
        "images/1.png is no image that can be read",
        "images/2.png is empty",
        None,
    ]


def test_the_key_is_told_nowhere(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    hostile.fault = lambda document, _: {3: "500", 5: "key told", 40: "401"}.get(NUMBERS[document])
    process = program(table, tmp_path / "run", hostile)
    told = "".join(process.communicate(timeout=60))
    assert process.returncode == 1
    assert "HTTP 401" in told
    assert KEY not in told
    assert all(KEY.encode() not in path.read_bytes() for path in (tmp_path / "run").iterdir())


def test_a_checkpoint_is_one_line_that_is_metrics_too(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    process = program(table, tmp_path / "run", hostile)
    lines = [json.loads(line) for line in process.communicate(timeout=60)[0].splitlines()]
    checkpoints = [line for line in lines if line["message"] == "checkpoint"]
    assert [line["done"] for line in checkpoints] == [20, 40, 60, 80, 90]
    assert sum(line["calls"] for line in checkpoints) <= ROWS
    assert all(line["slice"] == "ocr" and line["_aws"]["CloudWatchMetrics"] for line in checkpoints)
    assert lines[-1] == {"message": "complete", "rows": 90, "failed": 0, "parts": 5}


def test_a_dry_run_asks_nothing_and_says_what_a_run_would_cost(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    process = program(table, tmp_path / "run", hostile, "--dry-run")
    told = json.loads(process.communicate(timeout=60)[0])
    assert (told["rows"], told["images_missing"], told["usd"]) == (ROWS, 0, 0.135)
    assert hostile.calls.total() == 0
    assert not (tmp_path / "run").exists()


def test_a_sentence_and_exit_code_1_for_what_a_person_can_mend(tmp_path: Path, hostile: Hostile) -> None:
    (tmp_path / "pages.parquet").write_text("not a table")
    process = program(tmp_path / "pages.parquet", tmp_path / "run", hostile)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.fullmatch(r".*pages\.parquet is not a Parquet file: .*\n", said)
