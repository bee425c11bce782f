"""What a run tells while it goes on: a bar to people, lines to machines, and no call or row untold."""

import fcntl
import json
import os
import pty
import struct
import termios
from pathlib import Path
from typing import Any

import pytest

from containers.ocr.progress import FAILURES_SHOWN
from containers.ocr.run import Failed, Interrupted
from tests.ocr.datasets import NUMBERS, ROWS
from tests.ocr.hostile import Hostile
from tests.ocr.programs import label, program

PRICE = 0.0015
COUNTED = {
    "rows", "failures", "retries", "throttled", "calls", "sent_bytes", "written_bytes", "usd", "seconds",
}  # fmt: skip


def checkpoints(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["message"] == "checkpoint"]


def total(lines: list[dict[str, Any]], name: str) -> float:
    return float(round(sum(line[name] for line in lines), 6))


def test_every_counter_is_a_number_of_the_line_and_a_metric(
    table: Path, tmp_path: Path, hostile: Hostile, capsys: pytest.CaptureFixture[str]
) -> None:
    label(table, tmp_path / "run", hostile)
    for line in checkpoints(capsys):
        [described] = line["_aws"]["CloudWatchMetrics"]
        assert {metric["Name"] for metric in described["Metrics"]} == COUNTED
        assert all(isinstance(line[name], int | float) for name in COUNTED)
        assert all(line[name] for [*names] in described["Dimensions"] for name in names)


def test_counters_are_what_the_service_and_the_folder_saw(
    table: Path, tmp_path: Path, hostile: Hostile, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = {7: ["500"], 8: ["429"], 33: ["413"], 60: ["html", "reset"]}
    hostile.fault = lambda document, call: dict(enumerate(faults.get(NUMBERS[document], []), 1)).get(call)
    label(table, tmp_path / "run", hostile)
    lines = checkpoints(capsys)
    told = {name: total(lines, name) for name in ("rows", "failures", "retries", "throttled", "calls")}
    assert told == {"rows": ROWS, "failures": 1, "retries": 3, "throttled": 1, "calls": hostile.calls.total()}
    assert total(lines, "sent_bytes") == sum(len(page) * times for page, times in hostile.calls.items())
    assert total(lines, "usd") == round((ROWS - 1) * PRICE, 6)
    files = [path.stat().st_size for path in (tmp_path / "run").iterdir() if path.name != "manifest.json"]
    assert total(lines, "written_bytes") == sum(files)


def test_what_a_stopped_run_spent_is_told_and_its_rows_are_counted_once(
    table: Path, tmp_path: Path, hostile: Hostile, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Interrupted):
        label(table, tmp_path / "run", hostile, max_usd=PRICE * 7)
    [stopped] = checkpoints(capsys)
    assert (stopped["rows"], stopped["calls"], stopped["usd"]) == (0, 7, round(PRICE * 7, 6))
    label(table, tmp_path / "run", hostile)
    went_on = checkpoints(capsys)
    assert total(went_on, "rows") == ROWS
    assert total([stopped, *went_on], "usd") == round(PRICE * ROWS, 6)


def test_rows_that_failed_are_named_with_row_and_column_but_not_by_the_thousand(
    table: Path, tmp_path: Path, hostile: Hostile, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile.fault = lambda document, _: "413" if NUMBERS[document] in {3, *range(20, 40)} else None
    label(table, tmp_path / "run", hostile)
    first, second, *others = checkpoints(capsys)
    error = "the service refused the image (HTTP 413)"
    assert first["first_failures"] == [{"row": 3, "id": "page-3", "image_path": "images/3.png", "error": error}]
    assert [row["row"] for row in second["first_failures"]] == list(range(20, 20 + FAILURES_SHOWN))
    assert all("first_failures" not in line for line in others)


def test_failures_that_are_allowed_are_those_of_the_run_not_of_an_attempt(
    table: Path, tmp_path: Path, hostile: Hostile
) -> None:
    hostile.fault = lambda document, _: {5: "413", 25: "413", 50: "401"}.get(NUMBERS[document])
    with pytest.raises(Failed, match="HTTP 401"):
        label(table, tmp_path / "run", hostile, max_failures=2)
    hostile.fault = lambda document, _: {85: "413"}.get(NUMBERS[document])
    with pytest.raises(Failed, match="3 rows failed and --max-failures allows 2"):
        label(table, tmp_path / "run", hostile, max_failures=2)


def test_a_terminal_gets_a_bar_and_no_lines_for_machines(table: Path, tmp_path: Path, hostile: Hostile) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    hostile.fault = lambda document, _: "413" if NUMBERS[document] == 3 else None
    process = program(table, tmp_path / "run", hostile, stderr=theirs)
    said, _ = process.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert f"{ROWS}/{ROWS}" in shown
    assert "failed=1" in shown
    assert '"image_path": "images/3.png"' in shown
    assert [json.loads(line)["message"] for line in said.splitlines()] == ["complete"]
