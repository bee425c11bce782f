"""`loupe plate-runs` in an account: datasets of its bucket, and executions of its state machine."""

from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.account import Account
from tests.cli.machine import ARN, CAUSE, Machine
from tests.cli.plates import MEASURED, PROJECT, files, loupe, refusal, told
from tests.plate_runs.archives import RUN_ID


@pytest.fixture
def machine(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The state machine of `dev`, as Step Functions would tell of it."""
    boto3.client("ssm").put_parameter(Name="/loupe/dev/plate_runs/state-machine", Value=ARN, Type="String")
    machine, client = Machine(), Account.client
    monkeypatch.setattr(
        Account, "client", lambda self, service: machine if service == "stepfunctions" else client(self, service)
    )
    monkeypatch.setattr("cli.plate_following.LOOK_AGAIN_SECONDS", 0)
    return machine


def upload(s3: Any, folder: Path, name: str = "birds") -> None:
    for path, body in files(folder).items():
        s3.put_object(Bucket=PROJECT, Key=f"plates/{name}/{path}", Body=body)


def test_a_dataset_in_an_account_is_verified_listed_and_drawn_as_one_in_a_folder(
    s3: Any, birds: Path, tmp_path: Path
) -> None:
    upload(s3, birds)
    assert told("verify", "birds", "--env", "dev") == told("verify", birds)
    assert told("ledger", "birds", "--env", "dev") == told("ledger", birds)
    for place in (["birds", "--env", "dev"], [RUN_ID, "--env", "dev"], [birds]):
        assert loupe("show", *place, "--out", tmp_path / "sheet.png", "--force").exit_code == 0
    loupe("ledger", "birds", "--env", "dev", "--out", tmp_path / "runs.parquet")
    assert (tmp_path / "runs.parquet").read_bytes() == (birds / "ledger" / "runs.parquet").read_bytes()


def test_a_dataset_or_run_that_an_account_has_not_is_said(s3: Any, machine: Machine) -> None:
    assert "s3://loupe-project/plates/birds/plates_structured has no plates" in refusal(
        "verify", "birds", "--env", "dev"
    )
    assert "There is no run" in refusal("show", RUN_ID, "--env", "dev")
    assert "There is no run" in refusal("resume", RUN_ID, "--env", "dev")
    assert "There is no run" in refusal("status", "birds", "--env", "dev")
    assert "has no plates" in refusal("start", "birds", "--env", "dev")
    assert "There is no dataset yet" in refusal("start", "--env", "dev")
    assert machine.asked == []


def test_of_several_datasets_one_must_be_named_and_the_only_one_not(s3: Any, birds: Path, machine: Machine) -> None:
    upload(s3, birds)
    told("start", "--env", "dev", "--shards", 2)
    upload(s3, birds, "fish")
    assert "name one: birds, fish" in refusal("start", "--env", "dev")
    told("start", "fish", "--env", "dev", "--models", "cpu-baseline-v1")
    assert machine.asked == [{"dataset": "birds", "shards": 2}, {"dataset": "fish", "models": ["cpu-baseline-v1"]}]


def test_a_model_that_there_is_not_is_refused_before_a_run_begins(s3: Any, birds: Path, machine: Machine) -> None:
    upload(s3, birds)
    assert "choose from cpu-baseline-v1" in refusal("start", "birds", "--env", "dev", "--models", "gpu-v1")
    assert machine.asked == []


def test_an_execution_says_more_than_the_reports_so_far(s3: Any, birds: Path, machine: Machine) -> None:
    upload(s3, birds)

    def state() -> tuple[str, str | None]:
        [run] = told("status", RUN_ID, "--env", "dev")
        return run["state"], run.get("reason")

    assert state() == ("COMPLETE", None)
    machine.run("RUNNING", run_id=RUN_ID)
    assert state() == ("RUNNING", None)
    machine.end("FAILED", cause="Shard 0/1: the disk is full.\nLedger: it has been written meanwhile.")
    assert state() == ("FAILED", "Shard 0/1: the disk is full.; Ledger: it has been written meanwhile.")
    machine.end("ABORTED")
    assert state() == ("FAILED", "ABORTED")
    machine.run("SUCCEEDED", run_id=RUN_ID)  # the run went on, in an execution of its own
    assert state() == ("COMPLETE", None)


def test_a_run_that_did_not_begin_is_listed_with_its_reason(s3: Any, birds: Path, machine: Machine) -> None:
    upload(s3, birds)
    machine.run("FAILED", cause=CAUSE)
    by_name = {run.get("execution"): run for run in told("status", "--env", "dev")}
    assert by_name["execution-1"]["state"] == "FAILED"
    assert by_name["execution-1"]["reason"] == CAUSE
    ran = loupe("start", "birds", "--env", "dev", "--shards", 100)
    assert (ran.exit_code, CAUSE in ran.stdout) == (1, True)


@pytest.mark.parametrize("asked", ["", "[]", '"birds"', "{}"])
def test_whatever_an_execution_was_started_with_it_is_listed(asked: str, s3: Any, machine: Machine) -> None:
    machine.run("FAILED", cause="no", text=asked)
    assert [run["state"] for run in told("status", "--env", "dev")] == ["FAILED"]


def test_a_run_is_followed_until_its_execution_ends(s3: Any, birds: Path, machine: Machine) -> None:
    upload(s3, birds)
    machine.script = [("RUNNING", None), ("RUNNING", RUN_ID), ("RUNNING", RUN_ID), ("SUCCEEDED", RUN_ID)]
    [run] = told("start", "birds", "--env", "dev", "--wait")
    assert (run["run"], run["state"], run["done"]) == (RUN_ID, "COMPLETE", MEASURED)
    assert machine.script == []


def test_without_waiting_a_run_is_told_as_soon_as_it_has_an_id(s3: Any, birds: Path, machine: Machine) -> None:
    upload(s3, birds)
    machine.script = [("RUNNING", None), ("RUNNING", None), ("RUNNING", RUN_ID)]
    [run] = told("resume", RUN_ID, "--env", "dev")
    assert (run["run"], run["state"], machine.asked) == (RUN_ID, "RUNNING", [{"dataset": "birds", "run_id": RUN_ID}])
