"""`loupe ocr` on the laptop: what a person asks for, sees and gets, whatever they bring."""

import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from typer.testing import Result

from cli.trouble import Trouble
from local.laptop import Laptop
from tests.cli.commands import Slice
from tests.ocr.datasets import dataset, page
from tests.ocr.hostile import KEY, Hostile, served, words_of
from tests.ocr.programs import label
from tests.waiting import eventually

Commands = Callable[..., Result]
ROWS = 6


OCR = Slice("ocr")
loupe, told = OCR.run, OCR.told


@pytest.fixture
def service(running_laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    """An OCR service that the laptop has been told of."""
    monkeypatch.setenv("LOUPE_HOME", str(running_laptop.home))
    monkeypatch.setenv("LOUPE_OCR_KEY", KEY)
    with served(Hostile()) as hostile:
        assert loupe("connect", hostile.url).exit_code == 0
        yield hostile


def named(folder: Path, name: str, rows: int = ROWS, **changes: Any) -> Path:
    """A dataset of a name that no other test has."""
    return dataset(folder / name, rows, **changes).rename(folder / name / f"{name}.parquet")


@pytest.mark.laptop
def test_a_dataset_is_sent_read_and_exported_and_sent_again_costs_nothing(service: Hostile, tmp_path: Path) -> None:
    table = named(tmp_path, "letters")
    [run] = told("submit", table, "--wait")
    assert (run["state"], run["done"], run["rows"], run["failed"]) == ("COMPLETE", ROWS, ROWS, 0)
    assert loupe("export", "letters", "--out", tmp_path / "rows.jsonl").exit_code == 0
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [f"page-{number}" for number in range(ROWS)]
    assert [row["texts"] for row in rows] == [[word["text"] for word in words_of(page(n))] for n in range(ROWS)]
    eventually(lambda: told("submit", table)["state"] == "COMPLETE")
    assert told("submit", table)["run_id"] == run["run"]
    assert service.calls.total() == ROWS


@pytest.mark.laptop
def test_a_run_that_may_cost_no_more_stops_and_is_resumed_without_paying_twice(
    service: Hostile, tmp_path: Path
) -> None:
    stopped = loupe("submit", named(tmp_path, "bills"), "--wait", "--max-usd", 0.004)
    assert stopped.exit_code == 1
    assert "would cost more than --max-usd allows" in stopped.stdout
    assert service.calls.total() == 2
    [run] = told("resume", "bills", "--wait")
    assert (run["state"], run["rows"]) == ("COMPLETE", ROWS)
    assert service.calls.total() == ROWS


@pytest.mark.laptop
def test_the_first_rows_are_a_run_of_their_own(service: Hostile, tmp_path: Path) -> None:
    table = named(tmp_path, "forms")
    [some] = told("submit", table, "--max-rows", 2, "--wait")
    assert (some["state"], some["rows"], some["max_rows"]) == ("COMPLETE", 2, 2)
    assert [run["run"] for run in told("status", "forms")] == [some["run"]]
    told("submit", table, "--wait")
    assert len(told("status", "forms")) == 2
    several = loupe("inspect", "forms")
    assert isinstance(several.exception, Trouble)
    assert "several runs, name one" in str(several.exception)


@pytest.mark.laptop
def test_an_image_that_is_not_there_is_said_and_its_row_kept_as_failed(service: Hostile, tmp_path: Path) -> None:
    table = named(tmp_path, "torn")
    (table.parent / "images" / "3.png").unlink()
    (table.parent / "images" / "4.png").write_bytes(b"no image")
    ran = loupe("submit", table, "--wait")
    assert ran.exit_code == 0
    said = ["images/3.png is not there", "images/4.png is no image that can be read"]
    assert [f"row {number}, image_path: {what}" in ran.stderr for number, what in enumerate(said, 3)] == [True] * 2
    assert f"2 of {ROWS} rows failed: `loupe ocr inspect" in ran.stderr
    seen = told("inspect", "torn", "--failed")
    assert (seen["rows"], seen["failed"], [row["id"] for row in seen["shown"]]) == (ROWS, 2, ["page-3", "page-4"])
    assert [row["error"] for row in seen["shown"]] == said
    assert service.calls.total() == ROWS - 2


@pytest.mark.laptop
def test_a_page_of_another_dataset_is_never_replaced(service: Hostile, tmp_path: Path) -> None:
    told("submit", named(tmp_path / "a", "pages"), "--wait")
    other = named(tmp_path / "b", "pages", id=[f"other-{number}" for number in range(ROWS)])
    (other.parent / "images" / "0.png").write_bytes(page(999))
    refused = loupe("submit", other)
    assert isinstance(refused.exception, Trouble)
    assert "data/ocr/pages/images/0.png is there already, with other bytes" in str(refused.exception)
    [run] = told("submit", other, "--name", "other pages", "--wait")
    assert run["state"] == "COMPLETE"


@pytest.mark.laptop
def test_the_key_is_shown_by_no_command(service: Hostile, tmp_path: Path) -> None:
    said = [loupe("connect", service.url), loupe("submit", named(tmp_path, "keys"), "--wait"), loupe("status")]
    assert [KEY in ran.output for ran in said] == [False] * 3


@pytest.mark.laptop
def test_a_stopped_run_says_what_its_job_said_last(
    service: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOUPE_OCR_KEY", "up_wrong")
    loupe("connect", service.url)
    [run] = told("submit", named(tmp_path, "locked"), "--wait")
    assert (run["state"], run["reason"]) == ("STOPPED", "The OCR service does not take the key (HTTP 401).")
    assert loupe("status", "locked").exit_code == 1


@pytest.mark.laptop
def test_a_killed_run_says_how_its_program_ended_and_goes_on(service: Hostile, tmp_path: Path) -> None:
    service.latency = 0.5
    told("submit", named(tmp_path, "killed"), "--batch-size", 2)
    eventually(lambda: service.calls.total() > 3)
    os.kill(program_of("killed"), signal.SIGKILL)
    eventually(lambda: told_of("killed")["state"] == "STOPPED")
    assert "exit code 137" in told_of("killed")["reason"]
    [run] = told("resume", "killed", "--wait")
    assert (run["state"], run["done"], run["failed"]) == ("COMPLETE", ROWS, 0)


def program_of(dataset: str) -> int:
    """The process that reads the dataset, without the one that watches it."""
    for process in Path("/proc").glob("[0-9]*"):
        words = list[str]()
        with suppress(OSError):  # it ended meanwhile
            words = (process / "cmdline").read_text().split("\0")
        if words[1:3] == ["-m", "containers.ocr"] and any(word.endswith(f"/{dataset}.parquet") for word in words):
            return int(process.name)
    raise AssertionError(f"Nothing reads {dataset}.")


def told_of(name: str) -> dict[str, Any]:
    [run] = json.loads(loupe("status", name, "--json").stdout)
    return dict(run)


@pytest.mark.parametrize("usd", ["0", "-1", "nan", "inf"])
def test_money_that_is_none_is_refused_before_anything_is_looked_at(usd: str, tmp_path: Path) -> None:
    refused = loupe("submit", tmp_path / "letters.parquet", "--max-usd", usd)
    assert (refused.exit_code, "is not more than 0" in refused.stderr) == (2, True)


def test_a_dry_run_of_what_is_not_on_this_machine_is_refused() -> None:
    refused = loupe("submit", "s3://project/data/ocr/letters.parquet", "--dry-run")
    assert "not at s3://project/data/ocr/letters.parquet: copy them here first" in str(refused.exception)


def test_a_dry_run_needs_neither_a_laptop_nor_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_HOME", str(tmp_path / "none"))
    table = dataset(tmp_path, 40)
    assert told("submit", table, "--dry-run") | {"usd": 0.06, "rows": 40, "images_missing": 0} == told(
        "submit", table, "--dry-run"
    )
    (tmp_path / "images" / "7.png").unlink()
    ran = loupe("submit", table, "--dry-run")
    assert (ran.exit_code, "row 7, image_path: images/7.png is not there" in ran.stdout) == (1, True)


def bad(folder: Path) -> dict[str, tuple[Path, str]]:
    """What people bring that is no dataset, and what they are told."""
    text = folder / "text.parquet"
    text.write_text("no table")
    pq.write_table(pa.table({"id": ["a"]}), folder / "columns.parquet")
    pq.write_table(pa.table({"id": [1], "image_path": ["a.png"]}), folder / "types.parquet")
    pq.write_table(
        pa.table({"id": pa.array([], pa.string()), "image_path": pa.array([], pa.string())}), folder / "none.parquet"
    )
    pq.write_table(pa.table({"id": ["a", "b", "a"], "image_path": ["1", "2", "3"]}), folder / "twice.parquet")
    return {
        "not there": (folder / "nothing.parquet", "nothing.parquet is not there"),
        "another ending": (folder / "pages.csv", "must be called <name>.parquet"),
        "no Parquet": (text, "text.parquet is not a Parquet file"),
        "no column": (folder / "columns.parquet", "lacks the column image_path"),
        "another type": (folder / "types.parquet", "The column id of"),
        "no rows": (folder / "none.parquet", "has no rows"),
        "an id twice": (folder / "twice.parquet", "Rows 0 and 2 of"),
    }


@pytest.mark.laptop
@pytest.mark.parametrize(
    "kind", ["not there", "another ending", "no Parquet", "no column", "another type", "no rows", "an id twice"]
)
def test_what_is_no_dataset_is_refused_in_one_sentence_before_anything_is_sent(
    kind: str, service: Hostile, tmp_path: Path
) -> None:
    file, sentence = bad(tmp_path)[kind]
    refused = loupe("submit", file)
    assert isinstance(refused.exception, Trouble)
    assert sentence in str(refused.exception)
    assert service.calls.total() == 0


@pytest.mark.parametrize("url", ["ocr.example.com", "ftp://ocr.example.com", "https://", "http://a b:c"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    assert "must look like https://" in str(loupe("connect", url).exception)


def test_without_a_laptop_the_command_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_HOME", str(tmp_path / "none"))
    for words in (["status"], ["submit", dataset(tmp_path, 1)], ["inspect", "letters"], ["resume", "letters"]):
        assert "loupe local up" in str(loupe(*words).exception)


def test_a_run_in_a_folder_is_inspected_and_exported_as_one_in_the_platform(tmp_path: Path) -> None:
    table = dataset(tmp_path, ROWS)
    with served(Hostile(fault=lambda document, _: "413" if document == page(2) else None)) as hostile:
        label(table, tmp_path / "run", hostile)
    seen = told("inspect", tmp_path / "run", "--row", "page-1")
    assert (seen["complete"], seen["rows"], seen["failed"]) == (True, ROWS, 1)
    assert seen["reasons"] == {"the service refused the image (HTTP 413)": 1}
    assert [row["id"] for row in seen["shown"]] == ["page-1"]
    for form in ("coco", "label-studio", "jsonl"):
        out = tmp_path / f"out.{form}"
        assert loupe("export", tmp_path / "run", "--format", form, "--out", out).exit_code == 0
        assert out.stat().st_size > 100
    assert "exists" in str(loupe("export", tmp_path / "run", "--out", out).exception)
    pictures = told("inspect", tmp_path / "run", "--limit", 2, "--draw", tmp_path / "drawn")["pictures"]
    assert [Path(picture).read_bytes()[:4] for picture in pictures] == [b"\x89PNG"] * 2


def test_pages_inside_a_table_are_drawn_row_by_row(tmp_path: Path) -> None:
    table = dataset(tmp_path, 130, inside=True)
    with served(Hostile()) as hostile:
        label(table, tmp_path / "run", hostile)
    seen = told("inspect", tmp_path / "run", "--row", "page-128", "--draw", tmp_path / "drawn")
    assert seen["shown"][0]["row"] == 128
    [picture] = seen["pictures"]
    with Image.open(picture) as drawn, Image.open(io.BytesIO(page(128))) as sent:
        assert drawn.size == (2 * sent.width, sent.height)
        assert drawn.convert("RGB").getpixel((0, 0)) == sent.getpixel((0, 0))


@pytest.mark.laptop
@pytest.mark.usefixtures("service")
def test_pages_inside_a_table_in_the_platform_are_drawn(tmp_path: Path) -> None:
    told("submit", named(tmp_path, "inside", inside=True), "--wait")
    pictures = told("inspect", "inside", "--limit", 2, "--draw", tmp_path / "drawn")["pictures"]
    assert [Path(picture).read_bytes()[:4] for picture in pictures] == [b"\x89PNG"] * 2
