"""A blueprint lands: one job, handed to the endpoint once, whatever the events do."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.room_detection.conftest import BLUEPRINTS, RESULTS, Account

NAMES = [
    "plan.png",
    "a plan with spaces.png",
    "50%+20 %2B.png",
    "Grundriß Küche 平面图 🏠.png",
    "deep/er/folders/plan.PDF",
    "x" * 900 + ".png",
]


def throttled() -> ClientError:
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "InvokeEndpointAsync")


@pytest.mark.parametrize("name", NAMES)
def test_a_key_of_any_kind_is_handed_over_under_a_plain_name_and_keeps_its_own(account: Account, name: str) -> None:
    account.trigger(account.lands(f"blueprints/{name}"))
    job = account.the_job()
    [request] = account.endpoint.asked
    assert request["InputLocation"] == f"s3://{RESULTS}/room_detection/endpoint/input/{job['job_id']}"
    assert request["InputLocation"].isascii()
    assert (job["state"], job["file_name"]) == ("RUNNING", name.rsplit("/", 1)[-1])
    copied = account.s3.get_object(Bucket=RESULTS, Key=f"room_detection/endpoint/input/{job['job_id']}")
    assert copied["Body"].read() == b"plan"


@pytest.mark.parametrize("times", [2, 50])
def test_the_same_event_any_number_of_times_is_one_job_and_one_inference(account: Account, times: int) -> None:
    event = account.lands("blueprints/plan.png")
    for _ in range(times):
        assert account.trigger(event) == {"batchItemFailures": []}
    assert len(account.all_jobs()) == len(account.endpoint.asked) == 1


def test_two_versions_of_one_key_are_two_jobs_each_with_its_own_bytes(account: Account) -> None:
    first, second = account.lands("blueprints/plan.png", b"one"), account.lands("blueprints/plan.png", b"two")
    account.trigger(second, first)
    copies = account.s3.list_objects_v2(Bucket=RESULTS, Prefix="room_detection/endpoint/input/")["Contents"]
    bodies = {account.s3.get_object(Bucket=RESULTS, Key=copy["Key"])["Body"].read() for copy in copies}
    assert bodies == {b"one", b"two"}
    assert len(account.all_jobs()) == 2


def test_a_throttled_hand_over_is_tried_again_and_then_runs_once(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = account.lands("blueprints/plan.png")
    account.endpoint.failures = [throttled()]
    with pytest.raises(Exception, match="Rate exceeded"):
        account.trigger(event)
    assert "Rate exceeded" in account.the_job()["last_error"]
    assert account.trigger(event) == {"batchItemFailures": []}, "the claim still holds: nothing to do yet"
    assert account.endpoint.asked == []
    account.hurry()
    account.trigger(event)
    assert account.the_job()["state"] == "RUNNING"
    assert len(account.endpoint.asked) == 1


def test_one_bad_message_does_not_stop_the_others_of_its_batch(account: Account) -> None:
    good, bad = account.lands("blueprints/plan.png"), {"source": "somebody else"}
    assert account.trigger(bad, good) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert account.the_job()["state"] == "RUNNING"


def test_folder_markers_are_no_blueprints(account: Account) -> None:
    account.trigger(account.lands("blueprints/folder/", b""))
    assert account.all_jobs() == []


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("notes.txt", b"hello", "notes.txt is not a blueprint: its name must end in .png"),
        ("empty.png", b"", "The file is empty."),
        ("large.png", b"x" * (2**20 + 1), "The file has 1.0 MiB; the limit is 1 MiB."),
    ],
)
def test_what_cannot_be_a_blueprint_fails_with_one_sentence_and_costs_no_inference(
    account: Account, name: str, body: bytes, reason: str
) -> None:
    account.trigger(account.lands(f"blueprints/{name}", body))
    job = account.the_job()
    assert job["state"] == "FAILED"
    assert job["reason"].startswith(reason)
    assert account.endpoint.asked == []
    assert [told["reason"] for told in account.notifications()] == [job["reason"]]


def test_a_blueprint_deleted_before_it_was_read_fails_with_that_reason(account: Account) -> None:
    event = account.lands("blueprints/plan.png")
    version = event["detail"]["object"]["version-id"]
    account.s3.delete_object(Bucket=BLUEPRINTS, Key="blueprints/plan.png", VersionId=version)
    account.trigger(event)
    assert account.the_job()["reason"] == "The blueprint was deleted before it could be read."


def test_a_key_that_pretends_to_carry_a_job_gets_a_job_of_its_own(account: Account) -> None:
    pretended = "f" * 32
    account.trigger(account.lands(f"blueprints/{pretended}/plan.png"))
    job = account.the_job()
    assert job["job_id"] != pretended
    assert job["owner"] == "account/123456789012"


def test_an_upload_joins_the_job_that_its_key_carries_and_a_second_one_gets_its_own(account: Account) -> None:
    job_id, key = "a" * 32, f"blueprints/{'a' * 32}/plan.png"
    account.jobs.expect_upload(job_id, owner="alice", bucket=BLUEPRINTS, key=key, seconds=60)
    first, second = account.lands(key, b"one"), account.lands(key, b"two")
    account.trigger(first, second, first)
    jobs: dict[str, Any] = {job["job_id"]: job for job in account.all_jobs()}
    assert len(jobs) == 2
    assert jobs[job_id]["owner"] == "alice"
    assert jobs[job_id]["version_id"] == first["detail"]["object"]["version-id"]
