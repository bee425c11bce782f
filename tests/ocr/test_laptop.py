"""The synthesized stack on the laptop: a dataset lands, a job labels it, its ending is told, come what may."""

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from examples.pages import write
from tests.ocr.datasets import dataset
from tests.ocr.hostile import KEY, Hostile
from tests.ocr.platform import Ocr
from tests.ocr.programs import label
from tests.waiting import eventually

pytestmark = pytest.mark.laptop
ROWS = 24


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("pages"), ROWS)


def test_a_dataset_that_lands_is_labelled_and_its_ending_told_once(ocr: Ocr, table: Path, tmp_path: Path) -> None:
    name = ocr.lands(table)
    eventually(lambda: ocr.endings(name))
    [told] = ocr.endings(name)
    assert (told["state"], told["reason"]) == ("SUCCEEDED", None)
    assert ocr.service.calls.total() == ROWS
    label(table, tmp_path / "here", Hostile(url=ocr.service.url), batch_size=500)
    part = f"part-{0:08}-{ROWS:08}.parquet"
    assert ocr.files(name)[part] == (tmp_path / "here" / part).read_bytes()


def test_a_job_whose_machine_is_taken_away_goes_on_where_it_was(ocr: Ocr, table: Path) -> None:
    ocr.service.latency = 0.3
    name = ocr.lands(table)
    eventually(lambda: ocr.service.calls.total() > 5)
    run = ocr.asked(name)
    assert run["state"] == "RUNNING"
    ocr.laptop.inject({"action": "ecs:StopTask", "effect": "reclaim", "times": 1, "job": run["job_id"]})
    eventually(lambda: ocr.endings(name))
    assert [told["state"] for told in ocr.endings(name)] == ["SUCCEEDED"]
    [part] = [body for file, body in ocr.files(name).items() if file.startswith("part-")]
    assert pq.read_table(io.BytesIO(part)).column("id").to_pylist() == [f"page-{n}" for n in range(ROWS)]
    assert ocr.service.calls.total() == ROWS
    assert len(ocr.jobs(run["run_id"])) == 1


def test_asked_many_times_a_dataset_has_one_run_and_one_job(ocr: Ocr, table: Path) -> None:
    name = ocr.lands(table)
    runs = {ocr.asked(name)["run_id"] for _ in range(5)}
    eventually(lambda: ocr.endings(name))
    assert ocr.asked(name)["state"] == "COMPLETE"
    [run_id] = runs
    assert len(ocr.jobs(run_id)) == 1
    assert ocr.service.calls.total() == ROWS


def test_a_wrong_key_fails_the_run_and_a_right_one_lets_it_go_on(ocr: Ocr, table: Path) -> None:
    ocr.know_key("up_wrong")
    name = ocr.lands(table)
    eventually(lambda: ocr.endings(name))
    assert [told["state"] for told in ocr.endings(name)] == ["FAILED"]
    ocr.know_key(KEY)
    assert ocr.asked(name)["state"] == "SUBMITTED"
    eventually(lambda: len(ocr.endings(name)) == 2)
    assert [told["state"] for told in ocr.endings(name)] == ["FAILED", "SUCCEEDED"]


def test_where_nobody_filled_in_a_key_the_laptop_reads_the_pages_itself(ocr: Ocr, tmp_path: Path) -> None:
    write(tmp_path, rows=1)
    ocr.know_key("")
    ocr.laptop.up(ocr.laptop.home / "cdk.out")
    name = ocr.lands(tmp_path / "pages.parquet")
    eventually(lambda: ocr.endings(name))
    assert [told["state"] for told in ocr.endings(name)] == ["SUCCEEDED"]
    [words] = pq.read_table(io.BytesIO(ocr.files(name)["part-00000000-00000001.parquet"])).column("texts").to_pylist()
    assert " ".join(words).endswith("Thank you for your visit")
    assert ocr.service.calls.total() == 0


def test_the_key_is_in_no_log_and_no_event(ocr: Ocr, table: Path) -> None:
    denials = ocr.laptop.denials()
    name = ocr.lands(table)
    eventually(lambda: ocr.endings(name))
    logs = ocr.laptop.home / "logs"
    assert any(logs.rglob("*.log"))
    assert [path for path in logs.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []
    [told] = ocr.endings(name)
    assert KEY not in str(ocr.laptop.client("batch").describe_jobs(jobs=[told["job_id"]]))
    assert ocr.laptop.denials() == denials
