"""A job ends: what became of its run is told once, with a reason that a person can read."""

import json
from typing import Any

import pytest

from lambdas.ocr import clients
from tests.ocr.conftest import Account

KEY = "data/ocr/letters.parquet"
SPOT = "Your Spot Task was interrupted."
EXITED = "Essential container in task exited"


def job_event(account: Account, *, status: str, code: int | None = None, said: str = EXITED, **more: Any) -> Any:
    """What EventBridge says of the newest job."""
    job = account.batch.jobs[-1]
    container = {"name": "program", "logStreamName": "run/default/1"} | ({} if code is None else {"exitCode": code})
    attempt = {"statusReason": said, "taskProperties": [{"containers": [container | more]}]}
    detail = {"jobId": job["jobId"], "jobName": job["jobName"], "status": status, "statusReason": said}
    return {
        "source": "aws.batch",
        "detail-type": "Batch Job State Change",
        "detail": {**detail, "attempts": [attempt]},
    }


@pytest.fixture
def output(account: Account) -> str:
    """Where the one submitted run writes."""
    account.put(KEY)
    return str(account.ask(KEY)["output"])


def test_a_complete_run_is_told_with_its_place_however_often_its_job_says_so(account: Account, output: str) -> None:
    account.completes(output)
    event = job_event(account, status="SUCCEEDED", code=0)
    for _ in range(3):
        assert account.ended(event, event) == {"batchItemFailures": []}
    [told] = account.notifications()
    assert (told["state"], told["output"], told["job_id"], told["reason"]) == ("SUCCEEDED", output, "job-1", None)
    assert told["dataset"].endswith(KEY)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"status": "FAILED", "code": 1}, f"The program ended with exit code 1. {EXITED} Its log is run/default/1."),
        (
            {"status": "FAILED", "code": 75, "said": SPOT},
            f"The run was interrupted and goes on where it stopped when it is submitted again. {SPOT}",
        ),
        (
            {"status": "FAILED", "code": 137, "reason": "OutOfMemoryError: killed"},
            f"The program ended with exit code 137. {EXITED} OutOfMemoryError: killed Its log is run/default/1.",
        ),
        ({"status": "SUCCEEDED", "code": 0}, "The job ended well and left no manifest."),
    ],
)
def test_an_incomplete_run_is_told_with_the_reason(
    account: Account, output: str, event: dict[str, Any], reason: str
) -> None:
    account.ended(job_event(account, **event))
    [told] = account.notifications()
    assert (told["state"], told["output"], told["reason"]) == ("FAILED", output, reason)


@pytest.mark.usefixtures("output")
def test_a_job_that_never_ran_is_told_with_what_batch_says(account: Account) -> None:
    event = job_event(account, status="FAILED", said="ResourceInitializationError: unable to pull secrets")
    event["detail"]["attempts"] = []
    account.ended(event)
    [told] = account.notifications()
    assert told["reason"] == "The program did not run. ResourceInitializationError: unable to pull secrets"


def test_a_run_is_complete_when_its_manifest_is_there_whatever_became_of_the_job(account: Account, output: str) -> None:
    account.completes(output)
    account.ended(job_event(account, status="FAILED", code=137, said=SPOT))
    assert [told["state"] for told in account.notifications()] == ["SUCCEEDED"]


def test_each_job_of_a_run_is_told_and_an_earlier_ones_late_event_tells_nothing_again(
    account: Account, output: str
) -> None:
    first = job_event(account, status="FAILED", code=75, said=SPOT)
    account.ended(first)
    account.batch.end("FAILED")
    assert account.ask(KEY)["job_id"] == "job-2"
    account.completes(output)
    account.ended(job_event(account, status="SUCCEEDED", code=0), first)
    assert [(told["job_id"], told["state"]) for told in account.notifications()] == [
        ("job-1", "FAILED"),
        ("job-2", "SUCCEEDED"),
    ]


@pytest.mark.usefixtures("output")
def test_an_ending_that_could_not_be_told_is_told_when_its_message_comes_back(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = job_event(account, status="FAILED", code=1)
    with monkeypatch.context() as broken:
        broken.setattr(clients, "sns", lambda: None)
        with pytest.raises(Exception, match="publish"):
            account.ended(event)
    assert account.ended(event) == {"batchItemFailures": []}, "somebody else may be telling it"
    assert account.notifications() == []
    account.let_holds_expire()
    account.ended(event)
    assert len(account.notifications()) == 1


@pytest.mark.usefixtures("output")
def test_an_ending_that_nobody_has_told_yet_does_not_silence_the_next_jobs(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(clients, "sns", lambda: None)
        with pytest.raises(Exception, match="publish"):
            account.ended(job_event(account, status="FAILED", code=75, said=SPOT))
    account.batch.end("FAILED")
    account.ask(KEY)
    account.ended(job_event(account, status="FAILED", code=1))
    assert [told["job_id"] for told in account.notifications()] == ["job-2"]


def test_a_job_that_belongs_to_no_run_is_left_alone(account: Account) -> None:
    detail = {"jobId": "by-hand", "jobName": "somebody's", "status": "FAILED"}
    event = {"source": "aws.batch", "detail-type": "Batch Job State Change", "detail": detail}
    assert account.ended(event) == {"batchItemFailures": []}
    assert account.notifications() == []


@pytest.mark.usefixtures("output")
def test_no_message_and_no_command_carries_the_services_key(account: Account) -> None:
    account.ended(job_event(account, status="FAILED", code=1))
    said = json.dumps([account.notifications(), account.batch.asked])
    assert "up_" not in said
    assert "LOUPE_OCR" not in said
