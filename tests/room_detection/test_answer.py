"""The endpoint speaks, or does not: every job ends once, with one answer and one notification."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdas.room_detection import clients
from tests.room_detection.conftest import RESULTS, ROOMS, Account


def running(account: Account, name: str = "plan.png") -> Any:
    account.trigger(account.lands(f"blueprints/{name}"))
    return account.the_job()


def answers(account: Account) -> dict[str, bytes]:
    found = account.s3.list_objects_v2(Bucket=RESULTS, Prefix="room_detection/").get("Contents", [])
    keys = [item["Key"] for item in found if "/endpoint/" not in item["Key"]]
    return {key: account.s3.get_object(Bucket=RESULTS, Key=key)["Body"].read() for key in keys}


def test_a_completed_inference_becomes_four_files_a_state_and_a_notification(account: Account) -> None:
    job = running(account)
    account.answer(account.endpoint.completes(job))
    folder = f"room_detection/{job['job_id']}"
    kept = answers(account)
    assert set(kept) == {f"{folder}/{name}" for name in ("rooms.json", "rooms.geojson", "rooms.csv", "overlay.svg")}
    assert json.loads(kept[f"{folder}/rooms.json"]) == ROOMS
    assert (account.the_job()["state"], account.the_job()["rooms"]) == ("SUCCEEDED", 1)
    [told] = account.notifications()
    assert told["results"]["json"] == f"s3://{RESULTS}/{folder}/rooms.json"


def test_the_containers_own_sentence_is_the_reason(account: Account) -> None:
    job = running(account)
    said = 'Received client error (400) from primary with message "The PDF is encrypted." See https://x for more.'
    account.answer(account.endpoint.fails(job, f"ClientError: {said}"))
    assert account.the_job()["reason"] == "The PDF is encrypted."


def test_the_failure_object_says_more_than_the_message(account: Account) -> None:
    job = running(account)
    account.endpoint.leave(job["failure_location"], b"The image has\n no pixels.")
    account.answer(account.endpoint.fails(job, "ClientError"))
    assert account.the_job()["reason"] == "The image has no pixels."


@pytest.mark.parametrize("body", [{"rooms": []}, "text", {**ROOMS, "surprise": 1}])
def test_an_answer_that_breaks_its_contract_is_never_kept(account: Account, body: Any) -> None:
    job = running(account)
    account.answer(account.endpoint.completes(job, body))
    assert account.the_job()["reason"].startswith("The detector's answer was refused: room_detection/rooms")
    assert answers(account) == {}


def test_an_answer_that_is_not_json_fails_the_job(account: Account) -> None:
    job = running(account)
    event = account.endpoint.completes(job)
    account.endpoint.leave(job["output_location"], b"<html>")
    account.answer(event)
    assert account.the_job()["state"] == "FAILED"


def test_an_answer_from_elsewhere_is_refused(account: Account) -> None:
    job = running(account)
    event = account.endpoint.completes(job)
    event["responseParameters"]["outputLocation"] = "s3://somebody-else/room_detection/endpoint/output/1.out"
    account.answer(event)
    assert "is not where our endpoint writes" in account.the_job()["reason"]


def test_an_inference_that_is_not_ours_changes_nothing(account: Account) -> None:
    event = {"invocationStatus": "Failed", "inferenceId": "somebody-else", "failureReason": "x"}
    assert account.answer(event) == {"batchItemFailures": []}
    assert account.all_jobs() == []


def test_an_answer_may_come_before_the_trigger_has_noted_that_it_runs(account: Account) -> None:
    job = running(account)
    table = account.jobs._table
    table.update_item(
        Key={"job_id": job["job_id"]},
        UpdateExpression="SET #state = :queued",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":queued": "QUEUED"},
    )
    account.answer(account.endpoint.completes(job))
    assert not account.jobs.run(job["job_id"], output="s3://x", failure="s3://y", seconds=1, look_after=1)
    assert account.the_job()["state"] == "SUCCEEDED"


def test_of_two_answers_the_first_stands_in_every_format(account: Account) -> None:
    job = running(account)
    other = {**ROOMS, "rooms": []}
    account.s3.put_object(
        Bucket=RESULTS, Key=f"room_detection/{job['job_id']}/rooms.json", Body=json.dumps(other).encode()
    )
    account.answer(account.endpoint.completes(job))
    kept = answers(account)
    assert json.loads(kept[f"room_detection/{job['job_id']}/rooms.geojson"])["features"] == []
    assert account.the_job()["rooms"] == 0


def test_a_lost_answer_is_found_by_the_sweep(account: Account) -> None:
    job = running(account)
    account.endpoint.completes(job)
    account.hurry()
    assert account.sweep() == {"looked": 1}
    assert account.the_job()["state"] == "SUCCEEDED"
    assert len(account.notifications()) == 1


def test_operators_can_count_what_was_accepted_ended_and_settled_late(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    job = running(account)
    account.endpoint.completes(job)
    account.hurry()
    account.sweep()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    counted = [metric["Name"] for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
    assert counted == ["BlueprintsAccepted", "JobsSucceeded", "JobsSettledLate"]


def test_a_lost_failure_is_found_by_the_sweep(account: Account) -> None:
    job = running(account)
    account.endpoint.leave(job["failure_location"], b"The file is damaged.")
    account.hurry()
    account.sweep()
    assert account.the_job()["reason"] == "The file is damaged."


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("UPLOADING", "The upload never arrived."),
        ("QUEUED", "The blueprint could not be handed to the endpoint: Rate exceeded"),
        ("RUNNING", "The endpoint gave no answer in time."),
    ],
)
def test_a_job_that_ran_out_of_time_fails_and_says_where_it_stood(account: Account, state: str, reason: str) -> None:
    job = running(account)
    account.jobs._table.update_item(
        Key={"job_id": job["job_id"]},
        UpdateExpression="SET #state = :state, last_error = :error",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": state, ":error": "Rate exceeded"},
    )
    account.hurry()
    account.sweep()
    assert (account.the_job()["state"], account.the_job()["reason"]) == ("FAILED", reason)


def test_a_job_that_still_has_time_is_left_alone(account: Account) -> None:
    job = running(account)
    account.jobs._table.update_item(
        Key={"job_id": job["job_id"]}, UpdateExpression="SET due = :past", ExpressionAttributeValues={":past": 1}
    )
    assert account.sweep() == {"looked": 1}
    assert account.sweep() == {"looked": 0}
    assert account.the_job()["state"] == "RUNNING"


def test_an_ending_that_was_not_told_is_told_by_the_sweep(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    job = running(account)

    def broken(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "InternalError", "Message": "SNS is down"}}, "Publish")

    with monkeypatch.context() as down:
        down.setattr(clients.sns(), "publish", broken)
        with pytest.raises(Exception, match="SNS is down"):
            account.answer(account.endpoint.completes(job))
    assert account.notifications() == []
    account.hurry()
    account.sweep()
    account.sweep()
    assert [told["state"] for told in account.notifications()] == ["SUCCEEDED"]


def test_one_job_that_cannot_be_settled_does_not_stop_the_sweep(account: Account) -> None:
    bad = running(account, "bad.png")
    account.jobs._table.update_item(
        Key={"job_id": bad["job_id"]},
        UpdateExpression="SET output_location = :elsewhere",
        ExpressionAttributeValues={":elsewhere": "s3://somebody-else/x"},
    )
    account.trigger(account.lands("blueprints/good.png"))
    account.hurry()
    with pytest.raises(RuntimeError, match="1 of 2 jobs could not be settled"):
        account.sweep()
    assert {job["file_name"]: job["state"] for job in account.all_jobs()} == {
        "bad.png": "RUNNING",
        "good.png": "FAILED",
    }


MOVES = st.lists(st.sampled_from(["arrive", "complete", "fail", "sweep", "hurry"]), min_size=1, max_size=12)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(moves=MOVES, number=st.integers(min_value=0))
def test_in_any_order_and_number_of_events_a_job_ends_at_most_once_and_is_told_once(
    account: Account, moves: list[str], number: int
) -> None:
    event = account.lands(f"blueprints/{number}.png")
    account.trigger(event)
    job = next(job for job in account.all_jobs() if job["version_id"] == event["detail"]["object"]["version-id"])
    endings = set()
    for move in moves:
        play(account, move, event, job)
        now = account.jobs.get(job["job_id"])
        assert now is not None
        if now["state"] in {"SUCCEEDED", "FAILED"}:
            endings.add((now["state"], now.get("reason"), now.get("rooms")))
    mine = [told for told in account.notifications() if told["job_id"] == job["job_id"]]
    assert len(endings) == len(mine)
    assert len(endings) <= 1


def play(account: Account, move: str, event: dict[str, Any], job: Any) -> None:
    if move == "arrive":
        account.trigger(event)
    elif move == "complete":
        account.answer(account.endpoint.completes(job))
    elif move == "fail":
        account.answer(account.endpoint.fails(job, "it broke"))
    elif move == "hurry":
        account.hurry()
    else:
        account.sweep()
