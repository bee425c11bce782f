"""A dataset lands or is asked for: one job for each run, whatever the events and the submitters do."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lambdas.ocr import clients, submission, submit
from lambdas.ocr.datasets import ASKED_FOR, OWN_IMAGES
from lambdas.ocr.records import Busy
from tests.ocr.conftest import PARQUET, PROJECT, RESULTS, Account, forget_clients

KEY = "data/ocr/letters.parquet"
NAMES = [
    "letters",
    "a table with spaces",
    "50%+20 %2B",
    "Bücher 平面 🏠",
    'it\'s "quoted" #1?',
    "-x",
    ".hidden",
    "x" * 900,
]
DONE: dict[str, Any] = {"batchItemFailures": []}


def throttled() -> ClientError:
    return ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "Rate exceeded"}}, "SubmitJob")


def lost() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="https://batch.us-east-1.amazonaws.com")


def failing(error: Exception) -> Any:
    def fail() -> None:
        raise error

    return fail


def run_id(key: str, version: str, max_rows: int | None = None) -> str:
    """Spelled out once more: an id that changes makes every finished run start again and cost again."""
    return hashlib.sha256(json.dumps([PROJECT, key, version, "ocr", max_rows]).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_of_any_name_starts_one_job_with_its_own_name_in_the_command(account: Account, name: str) -> None:
    event = account.lands(f"data/ocr/{name}.parquet")
    assert account.submit(event) == DONE
    [request], [command] = account.batch.asked, account.batch.commands
    version = event["detail"]["object"]["version-id"]
    run = run_id(f"data/ocr/{name}.parquet", version)
    assert request["jobName"] == f"ocr-{run}"
    assert command == [
        "run", "--dataset", f"s3://{PROJECT}/data/ocr/{name}.parquet", "--dataset-version", version,
        "--output", f"s3://{RESULTS}/ocr/{name}/{run}/", "--model", "ocr", "--batch-size", "500", "--rate", "3.0",
    ]  # fmt: skip


def test_a_dataset_whose_uploader_asks_for_its_run_starts_none_until_then(account: Account) -> None:
    event = account.lands(KEY, metadata=ASKED_FOR)
    assert account.submit(event) == DONE
    assert account.batch.asked == []
    assert account.ask(KEY, options={"max_usd": 1.5})["state"] == "SUBMITTED"
    assert account.submit(event) == DONE
    [command] = account.batch.commands
    assert command[-2:] == ["--max-usd", "1.5"]


def test_a_dataset_with_a_folder_of_its_own_for_its_images_is_read_with_that(account: Account) -> None:
    account.submit(account.lands(KEY, metadata=OWN_IMAGES))
    [command] = account.batch.commands
    assert command[command.index("--images") + 1] == f"s3://{PROJECT}/data/ocr/letters/"


@pytest.mark.parametrize("times", [2, 50])
def test_the_same_event_any_number_of_times_is_one_job(account: Account, times: int) -> None:
    event = account.lands(KEY)
    for _ in range(times):
        assert account.submit(event) == DONE
    assert len(account.batch.asked) == 1


def test_a_job_that_batch_does_not_list_yet_is_known_all_the_same(account: Account) -> None:
    account.batch.lists = False
    event = account.lands(KEY)
    account.submit(event, event, event)
    assert account.ask(KEY)["state"] == "RUNNING"
    assert len(account.batch.asked) == 1


def test_submitters_at_the_same_moment_get_one_job_between_them(account: Account) -> None:
    account.batch.lists = False
    event = account.lands(KEY)["detail"]["object"]
    submission_ = submit._submission()

    def arrive(number: int) -> str:
        if number % 2:
            return submission_.asked(PROJECT, KEY, None, {})["state"]
        return submission_.arrived(PROJECT, KEY, event["version-id"])["state"]

    with ThreadPoolExecutor(8) as pool:
        states = sorted(pool.map(arrive, range(8)))
    assert states == ["RUNNING"] * 7 + ["SUBMITTED"]
    assert len(account.batch.asked) == 1


def test_who_comes_while_a_job_is_being_submitted_waits_and_submits_none(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "_PATIENCE_SECONDS", 0)
    account.put(KEY)

    def come_too() -> None:
        with pytest.raises(Busy, match="ask again in 90 seconds"):
            account.ask(KEY)

    account.batch.before = come_too
    assert account.ask(KEY)["state"] == "SUBMITTED"
    assert len(account.batch.asked) == 1


def test_a_submitter_that_died_before_submitting_blocks_nobody_for_longer_than_its_hold(account: Account) -> None:
    event = account.lands(KEY)
    account.batch.before = failing(throttled())
    with pytest.raises(Exception, match="Rate exceeded"):
        account.submit(event)
    account.batch.before = lambda: None
    account.let_holds_expire()
    assert account.submit(event) == DONE
    assert len(account.batch.asked) == 1


def test_a_job_whose_submitter_never_heard_of_it_is_found_and_not_submitted_again(account: Account) -> None:
    event = account.lands(KEY)
    account.batch.after = failing(lost())
    with pytest.raises(Exception, match="Read timeout"):
        account.submit(event)
    account.let_holds_expire()
    assert account.submit(event) == DONE
    assert account.ask(KEY) | {"output": ""} == {
        "run_id": account.batch.asked[0]["jobName"].removeprefix("ocr-"),
        "job_id": "job-1", "output": "", "state": "RUNNING", "reason": None,
    }  # fmt: skip
    assert len(account.batch.asked) == 1


def test_a_request_to_submit_is_sent_once_for_a_second_one_would_be_a_second_job() -> None:
    forget_clients()
    config = clients.batch_once().meta.config
    assert config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]  # boto3's stubs hide it
    clients.batch_once.cache_clear()


def test_a_complete_run_is_never_started_again(account: Account) -> None:
    event = account.lands(KEY)
    account.submit(event)
    account.batch.end("SUCCEEDED")
    account.completes(account.batch.commands[0][6])
    account.submit(event)
    answer = account.ask(KEY)
    assert (answer["state"], answer["job_id"]) == ("COMPLETE", None)
    assert len(account.batch.asked) == 1


@pytest.mark.parametrize("status", ["FAILED", "SUCCEEDED"])
def test_a_run_that_ended_incomplete_goes_on_when_somebody_asks_and_not_by_a_late_event(
    account: Account, status: str
) -> None:
    event = account.lands(KEY)
    account.submit(event)
    account.batch.end(status)
    account.submit(event)
    assert len(account.batch.asked) == 1
    first, again = account.batch.asked[0], account.ask(KEY)
    assert (again["state"], again["job_id"]) == ("SUBMITTED", "job-2")
    assert account.batch.asked[1] == first
    assert account.ask(KEY)["job_id"] == "job-2"


def test_two_versions_of_one_dataset_are_two_runs_each_of_its_own_version(account: Account) -> None:
    account.submit(account.lands(KEY), account.lands(KEY, PARQUET[:4] + b"more" + PARQUET[4:]))
    versions = [command[4] for command in account.batch.commands]
    assert len(set(versions)) == 2
    assert len({command[6] for command in account.batch.commands}) == 2


def test_options_reach_the_program_and_a_number_of_rows_is_a_run_of_its_own(account: Account) -> None:
    version = account.put(KEY)
    options = {
        "concurrency": 8,
        "batch_size": 50,
        "max_rows": 10,
        "max_usd": 2.5,
        "max_failures": 0,
        "single_file": True,
    }
    answer = account.ask(KEY, version_id=version, options=options)
    assert answer["run_id"] == run_id(KEY, version, 10)
    assert answer["output"] == f"s3://{RESULTS}/ocr/letters/{answer['run_id']}/"
    assert account.batch.commands[0][9:] == [
        "--batch-size", "50", "--rate", "3.0", "--concurrency", "8", "--max-rows", "10",
        "--max-failures", "0", "--max-usd", "2.5", "--single-file",
    ]  # fmt: skip
    assert account.ask(KEY)["run_id"] == run_id(KEY, version)


def test_whoever_names_no_version_gets_the_newest(account: Account) -> None:
    account.put(KEY)
    newest = account.put(KEY)
    assert account.ask(KEY)["run_id"] == run_id(KEY, newest)


def test_one_bad_message_does_not_stop_the_others_of_its_batch(account: Account) -> None:
    good, bad = account.lands(KEY), {"source": "somebody else"}
    assert account.submit(bad, good) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert len(account.batch.asked) == 1
