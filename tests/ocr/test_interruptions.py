"""A run that is stopped, killed or started twice ends as if it had not been."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from containers.ocr import labelling
from containers.ocr.parts import OtherRun
from containers.ocr.run import Failed, Interrupted, Task, run
from tests.ocr.datasets import NUMBERS, ROWS, damaged, dataset
from tests.ocr.hostile import Hostile
from tests.ocr.programs import label, program, settings, written

BATCH = 20  # rows of a part, where a test asks for nothing else


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
        assert len(unsaved) <= 2 * BATCH + 8
        lost += len(unsaved)
    hostile.latency = 0
    label(table, out, hostile, single_file=True)
    assert written(out) == honest
    assert hostile.calls.total() <= ROWS + lost


def test_a_call_that_never_ends_delays_a_stop_by_the_grace_alone_and_what_is_done_is_kept(
    table: Path, tmp_path: Path, hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labelling, "GRACE_SECONDS", 0.5)
    hostile.fault = lambda document, _: "drip" if NUMBERS[document] == 30 else None
    reached = 30 + BATCH + 8  # as far as rows are asked for while row 30 has no end
    asked = threading.Thread(target=lambda: stop_this_program(after=lambda: hostile.calls.total() >= reached))
    asked.start()
    with pytest.raises(Interrupted, match="asked to stop"):
        label(table, tmp_path / "run", hostile, timeout=3600)
    asked.join()
    assert saved(tmp_path / "run") == {*range(reached)} - {30}


def stop_this_program(after: Callable[[], bool]) -> None:
    while not after():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_key_that_is_withdrawn_at_row_700_costs_no_row(tmp_path: Path, hostile: Hostile) -> None:
    table = dataset(tmp_path / "in", 720)
    hostile.fault = lambda document, _: "401" if NUMBERS[document] == 700 else None
    with pytest.raises(Failed, match="HTTP 401"):
        label(table, tmp_path / "run", hostile, batch_size=500, rate=2000.0)
    assert {path.name for path in (tmp_path / "run").glob("part-*")} == {"part-00000000-00000500.parquet"}
    hostile.fault = lambda *_: None
    assert label(table, tmp_path / "run", hostile, batch_size=500, rate=2000.0)["failed"] == 0
    ids = [row for part in sorted((tmp_path / "run").glob("part-*")) for row in pq.read_table(part)["id"].to_pylist()]
    assert ids == [f"page-{number}" for number in range(720)]
    assert hostile.calls.total() == 720 + hostile.answered[401]


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


@pytest.mark.parametrize(("usd", "pages"), [(0.0045, 3), (0.0044, 2), (0.0089, 5), (0.0, 0)])
def test_money_is_counted_to_the_last_page(
    usd: float, pages: int, table: Path, tmp_path: Path, hostile: Hostile
) -> None:
    with pytest.raises(Interrupted, match="--max-usd"):
        label(table, tmp_path / "run", hostile, max_usd=usd)
    assert hostile.calls.total() == pages


def test_a_service_that_costs_nothing_is_never_too_dear(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    task = Task(dataset=str(table), output=str(tmp_path / "run"), rate=500.0, max_usd=0.01)
    assert run(task, settings(hostile, usd_per_page=0.0))["rows"] == ROWS


@pytest.mark.parametrize(
    "flags", [("--max-usd", "nan"), ("--max-usd", "-1"), ("--max-failures", "-1"), ("--rate", "inf")]
)
def test_a_limit_that_is_none_is_refused_by_its_name(
    flags: tuple[str, str], table: Path, tmp_path: Path, hostile: Hostile
) -> None:
    process = program(table, tmp_path / "run", hostile, *flags)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"argument {flags[0]}: {flags[1]} is not" in said


def test_two_processes_of_one_run_spoil_nothing(
    table: Path, honest: dict[str, bytes], tmp_path: Path, hostile: Hostile
) -> None:
    both = [program(table, tmp_path / "run", hostile, "--single-file") for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert 0 in {process.returncode for process in both}, said
    assert written(tmp_path / "run") == honest
