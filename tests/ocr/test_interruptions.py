"""A run that is stopped, killed or started twice ends as if it had not been."""

import random
import signal
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from containers.ocr.parts import OtherRun
from containers.ocr.run import Failed, Interrupted
from tests.ocr.datasets import NUMBERS, ROWS, damaged, dataset
from tests.ocr.hostile import Hostile
from tests.ocr.programs import label, program, written


def test_a_wrong_key_stops_the_run_and_what_is_done_is_not_asked_again(
    table: Path, honest: dict[str, bytes], tmp_path: Path, hostile: Hostile
) -> None:
    hostile.fault = lambda document, _: "401" if NUMBERS[document] == 70 else None
    with pytest.raises(Failed, match=r"does not take the key \(HTTP 401\)"):
        label(table, tmp_path / "run", hostile)
    asked = hostile.calls.total()
    hostile.fault = lambda *_: None
    label(table, tmp_path / "run", hostile, single_file=True)
    assert written(tmp_path / "run") == honest
    assert hostile.calls.total() == ROWS + hostile.answered[401]
    assert asked < hostile.calls.total()


def test_rows_before_a_damaged_place_are_done_and_kept(tmp_path: Path, hostile: Hostile) -> None:
    table = damaged(dataset(tmp_path / "in", 250), "metadata")
    for _ in range(2):
        with pytest.raises(Failed, match=r"cannot be read from row 100 on, in one of the columns .*metadata"):
            label(table, tmp_path / "run", hostile)
    assert saved(tmp_path / "run") == set(range(100))
    assert hostile.calls.total() == 100


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_stopped_at_any_instant_ends_as_if_it_had_not_been(
    stop: signal.Signals, table: Path, honest: dict[str, bytes], tmp_path: Path, hostile: Hostile
) -> None:
    chance, out, lost = random.Random(stop), tmp_path / "run", 0
    hostile.latency = 0.05
    for _ in range(4):
        process = program(table, out, hostile, "--single-file", "--concurrency", "8")
        calls = hostile.calls.total() + chance.randint(1, 40)
        while process.poll() is None and hostile.calls.total() < calls:
            time.sleep(chance.uniform(0, 0.01))
        process.send_signal(stop)
        _, said = process.communicate(timeout=60)
        assert process.returncode in {0, -signal.SIGKILL, 75}, said
        assert process.returncode != 75 or "Start it again" in said
        unsaved = {NUMBERS[document] for document in hostile.calls} - saved(out)
        assert stop == signal.SIGKILL or not unsaved
        lost += len(unsaved)
    hostile.latency = 0
    label(table, out, hostile, single_file=True)
    assert written(out) == honest
    assert hostile.calls.total() <= ROWS + lost


def saved(out: Path) -> set[int]:
    """Rows that no later attempt asks for."""
    parts = [name.split("-")[1:3] for name in (path.stem for path in out.glob("part-*"))]
    kept = [row for path in out.glob("kept-*") for row in pq.read_table(path).column("row").to_pylist()]
    return {*kept, *(row for first, last in parts for row in range(int(first), int(last)))}


def test_a_committed_part_is_never_written_again(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    hostile.fault = lambda document, _: "401" if NUMBERS[document] == 70 else None
    with pytest.raises(Failed):
        label(table, tmp_path / "run", hostile)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "run").glob("part-*")}
    hostile.fault = lambda *_: None
    label(table, tmp_path / "run", hostile)
    assert len(before) >= 2
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in before} == before


def test_a_complete_run_asks_nothing_again(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    first = label(table, tmp_path / "run", hostile)
    assert label(table, tmp_path / "run", hostile) == first
    assert hostile.calls.total() == ROWS


def test_a_run_goes_on_with_the_batches_it_began_with(
    table: Path, honest: dict[str, bytes], tmp_path: Path, hostile: Hostile
) -> None:
    hostile.fault = lambda document, _: "401" if NUMBERS[document] == 70 else None
    with pytest.raises(Failed):
        label(table, tmp_path / "run", hostile)
    hostile.fault = lambda *_: None
    label(table, tmp_path / "run", hostile, batch_size=7, single_file=True)
    assert written(tmp_path / "run") == honest


def test_the_folder_of_another_run_is_refused(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    label(table, tmp_path / "run", hostile, max_rows=30)
    (tmp_path / "run" / "manifest.json").unlink()
    with pytest.raises(OtherRun, match="rows 30, not 90"):
        label(table, tmp_path / "run", hostile)


def test_money_stops_a_run_before_it_is_spent_and_the_run_goes_on(
    table: Path, honest: dict[str, bytes], tmp_path: Path, hostile: Hostile
) -> None:
    with pytest.raises(Interrupted, match="--max-usd"):
        label(table, tmp_path / "run", hostile, max_usd=0.0015 * 50)
    assert hostile.calls.total() == 50
    label(table, tmp_path / "run", hostile, single_file=True, max_usd=0.0015 * ROWS)
    assert written(tmp_path / "run") == honest
    assert hostile.calls.total() == ROWS


def test_two_processes_of_one_run_spoil_nothing(
    table: Path, honest: dict[str, bytes], tmp_path: Path, hostile: Hostile
) -> None:
    both = [program(table, tmp_path / "run", hostile, "--single-file") for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert 0 in {process.returncode for process in both}, said
    assert written(tmp_path / "run") == honest
