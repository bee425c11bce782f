"""Promises of Batch jobs on the laptop."""

import json
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import wire
from local.laptop import Laptop
from tests.local.batch_assemblies import jobs
from tests.local.batch_house import EXITED, SPOT, BatchHouse, exits, house_of, worker

pytestmark = pytest.mark.laptop


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BatchHouse]:
    folder = tmp_path_factory.mktemp("batch")
    laptop = Laptop(folder / "home")
    try:
        yield house_of(laptop, folder / "out", jobs())
    finally:
        laptop.down()


def test_a_job_succeeds_when_its_program_ends_with_zero(house: BatchHouse) -> None:
    job = house.ended(house.submit("exit", "0"))
    assert (job["status"], exits(job)) == ("SUCCEEDED", [(0, EXITED)])
    assert job["createdAt"] <= job["startedAt"] <= job["stoppedAt"]
    assert job["jobQueue"] == house.ids["JobQueue"]
    assert worker(job)["exitCode"] == 0


def test_a_failure_is_retried_only_as_the_rules_say(house: BatchHouse) -> None:
    final, again, often = house.submit("exit", "1"), house.submit("fail-until", "2", "75"), house.submit("exit", "75")
    assert exits(house.ended(final)) == [(1, EXITED)]
    assert exits(house.ended(again)) == [(75, EXITED), (0, EXITED)]
    assert [code for code, _ in exits(house.ended(often))] == [75, 75, 75]
    assert [house.job(job)["status"] for job in (final, again, often)] == ["FAILED", "SUCCEEDED", "FAILED"]


def test_a_reclaimed_spot_task_is_asked_to_stop_and_tried_again(house: BatchHouse) -> None:
    job_id = house.submit("once")
    house.ready(job_id)
    house.strike("reclaim", job_id)
    assert exits(house.ended(job_id)) == [(75, SPOT), (0, EXITED)]


def test_a_program_that_does_not_stop_is_killed_after_its_time_to_stop(house: BatchHouse) -> None:
    job_id = house.submit("hang")
    house.ready(job_id)
    asked = time.monotonic()
    house.batch.terminate_job(jobId=job_id, reason="enough")
    job = house.ended(job_id)
    assert time.monotonic() - asked > 1.9
    assert (job["status"], job["statusReason"], exits(job)) == ("FAILED", "enough", [(137, "enough")])
    assert job["isTerminated"]
    assert "not now" in house.lines(job_id)


def test_a_job_out_of_time_fails_and_is_not_tried_again(house: BatchHouse) -> None:
    job_id = house.submit("wait", "75", timeout={"attemptDurationSeconds": 60})
    house.ready(job_id)
    house.strike("expire", job_id)
    job = house.ended(job_id)
    assert (job["status"], exits(job)) == ("FAILED", [(75, "Job attempt duration exceeded timeout")])


def test_a_task_is_killed_when_it_takes_more_memory_than_it_has(house: BatchHouse) -> None:
    job_id = house.submit_older(containerOverrides={"command": ["grow", "600"]})
    job = house.ended(job_id)
    [attempt] = job["attempts"]
    assert attempt["container"]["exitCode"] == 137
    assert attempt["container"]["reason"].startswith("OutOfMemoryError: Container killed")


def test_parameters_fill_the_command(house: BatchHouse) -> None:
    own, given = house.submit_older(), house.submit_older(parameters={"code": "5"})
    assert [house.ended(job)["container"]["exitCode"] for job in (own, given)] == [4, 5]


def test_a_job_without_a_log_configuration_writes_to_the_log_group_of_batch(house: BatchHouse) -> None:
    stream = house.ended(house.submit_older())["container"]["logStreamName"]
    logs = house.laptop.client("logs")
    [event] = logs.get_log_events(logGroupName="/aws/batch/job", logStreamName=stream)["events"]
    assert json.loads(event["message"])["argv"] == ["exit", "4"]


def test_a_secret_reaches_the_program_and_nobody_else(house: BatchHouse, tmp_path: Path) -> None:
    file = tmp_path / "environment"
    job_id = house.submit("keep", str(file), container={"environment": [{"name": "LOUPE_MODE", "value": "fast"}]})
    assert house.ended(job_id)["status"] == "SUCCEEDED"
    given = json.loads(file.read_text())
    secret = json.loads(
        house.laptop.client("secretsmanager").get_secret_value(SecretId=house.ids["Secret"])["SecretString"]
    )
    assert given["LOUPE_KEY"] == secret["key"]
    assert secret["key"].isalnum()
    assert secret["url"] == "https://ocr.example"
    written = "".join(log.read_text() for log in (house.laptop.home / "logs").glob("*.log"))
    told = [house.job(job_id), house.heard(job_id, last="SUCCEEDED"), house.lines(job_id), written]
    assert secret["key"] not in json.dumps(told)
    assert "keep" in written


def test_a_program_knows_its_job_and_acts_as_its_role(house: BatchHouse, tmp_path: Path) -> None:
    file = tmp_path / "environment"
    job_id = house.submit("keep", str(file), container={"environment": [{"name": "LOUPE_PAGES", "value": "5"}]})
    house.ended(job_id)
    given = json.loads(file.read_text())
    assert (given["GREETING"], given["LOUPE_PAGES"], given["AWS_REGION"]) == ("hello there", "5", "us-east-1")
    assert (given["AWS_BATCH_JOB_ID"], given["AWS_BATCH_JOB_ATTEMPT"]) == (job_id, "1")
    assert house.ids["JobQueue"].endswith("/" + given["AWS_BATCH_JQ_NAME"])
    assert house.ids["Environment"].endswith("/" + given["AWS_BATCH_CE_NAME"])
    key, secret, token = (given[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    sts = boto3.Session(key, secret, token, "us-east-1").client("sts", endpoint_url=given["AWS_ENDPOINT_URL"])
    assert f"assumed-role/{house.ids['JobRole']}/" in sts.get_caller_identity()["Arn"]


def test_what_the_job_role_may_not_do_is_denied_and_named(house: BatchHouse) -> None:
    job_id = house.submit("read", house.ids["Bucket"])
    assert exits(house.ended(job_id)) == [(1, EXITED)]
    assert any("AccessDenied" in line for line in house.lines(job_id))
    found = [one for one in house.laptop.last_denials() if one["action"] == "s3:GetObject"]
    assert found[-1]["resource"] == f"arn:aws:s3:::{house.ids['Bucket']}/plan"
    assert house.ids["JobRole"] in found[-1]["principal"]


def test_every_change_of_state_is_an_event(house: BatchHouse) -> None:
    job_id = house.submit("fail-until", "2", "75", name="told")
    house.ended(job_id)
    events = house.heard(job_id, last="SUCCEEDED")
    states = ["RUNNABLE", "STARTING", "RUNNING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    assert [event["detail"]["status"] for event in events] == states
    last = events[-1]
    assert (last["source"], last["detail-type"]) == ("aws.batch", "Batch Job State Change")
    assert last["resources"] == [last["detail"]["jobArn"]]
    assert last["detail"]["jobName"] == "told"
    assert exits(last["detail"]) == [(75, EXITED), (0, EXITED)]
    assert worker(last["detail"])["exitCode"] == 0


def test_jobs_wait_while_the_vcpus_are_taken(house: BatchHouse) -> None:
    first, second, third = (house.submit("wait", "0") for _ in range(3))
    for job_id in (first, second):
        house.ready(job_id)
    assert house.job(third)["status"] == "RUNNABLE"
    house.batch.terminate_job(jobId=first, reason="make room")
    house.ready(third)
    for job_id in (second, third):
        house.batch.terminate_job(jobId=job_id, reason="enough")
        house.ended(job_id)


def test_a_waiting_job_can_be_cancelled_and_a_running_one_cannot(house: BatchHouse) -> None:
    running = [house.submit("wait", "0") for _ in range(2)]
    waiting = house.submit("exit", "0")
    for job_id in running:
        house.ready(job_id)
    for job_id in (running[0], waiting):
        house.batch.cancel_job(jobId=job_id, reason="not needed")
    cancelled = house.job(waiting)
    assert (cancelled["status"], cancelled["statusReason"]) == ("FAILED", "not needed")
    assert house.job(running[0])["status"] == "RUNNING"
    for job_id in running:
        house.batch.terminate_job(jobId=job_id, reason="enough")
        house.ended(job_id)


def test_jobs_are_found_by_name_and_by_status(house: BatchHouse) -> None:
    live = house.submit("wait", "0", name="ocr-Run1")
    ended = house.submit("exit", "1", name="ocr-run1")
    house.ready(live)
    house.ended(ended)

    def listed(**ask: Any) -> list[str]:
        return [job["jobId"] for job in house.batch.list_jobs(jobQueue=house.ids["JobQueue"], **ask)["jobSummaryList"]]

    named = {"filters": [{"name": "JOB_NAME", "values": ["OCR-run1"]}]}
    assert listed(**named) == [ended, live]
    assert listed(filters=[{"name": "JOB_NAME", "values": ["ocr-*"]}], maxResults=1) == [ended]
    assert listed() == [live]
    assert ended in listed(jobStatus="FAILED")
    assert live not in listed(jobStatus="FAILED")
    house.batch.terminate_job(jobId=live, reason="enough")
    house.ended(live)


def test_submitting_needs_permission_on_queue_and_definition(house: BatchHouse) -> None:
    house.iam.create_user(UserName="submitter")
    statement = {"Effect": "Allow", "Action": "batch:SubmitJob", "Resource": house.ids["JobQueue"]}
    key = house.iam.create_access_key(UserName="submitter")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    batch = session.client("batch", endpoint_url=house.laptop.url)
    ask = {"jobName": "mine", "jobQueue": house.ids["JobQueue"], "jobDefinition": house.ids["Older"]}
    for resource, denied in ((house.ids["JobQueue"], "Older"), (house.ids["Older"], "JobQueue")):
        document = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": resource}]})
        house.iam.put_user_policy(UserName="submitter", PolicyName="may", PolicyDocument=document)
        with pytest.raises(ClientError, match=rf"batch:SubmitJob on resource: {house.ids[denied]}"):
            batch.submit_job(**ask)
        last = house.laptop.last_denials()[-1]
        assert (last["action"], last["resource"]) == ("batch:SubmitJob", house.ids[denied])
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]})
    house.iam.put_user_policy(UserName="submitter", PolicyName="may", PolicyDocument=document)
    house.ended(batch.submit_job(**ask)["jobId"])


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("ecr:*", "CannotPullContainerError: "),
        ("logs:CreateLogStream", "ResourceInitializationError: failed to validate logger args"),
        ("secretsmanager:GetSecretValue", "ResourceInitializationError: unable to pull secrets"),
        ("kms:Decrypt", "ResourceInitializationError: unable to pull secrets"),
    ],
)
def test_a_task_that_the_execution_role_cannot_start_says_why(house: BatchHouse, action: str, reason: str) -> None:
    give_back = house.without("ExecutionRole", action)
    try:
        job = house.ended(house.submit("exit", "0"))
    finally:
        give_back()
    attempts = job["attempts"]
    assert len(attempts) == (3 if action == "ecr:*" else 1)
    assert {attempt["statusReason"] for attempt in attempts} == {"Task failed to start"}
    assert worker(job)["reason"].startswith(reason)
    assert fnmatch(house.laptop.last_denials()[-1]["action"], action)
    assert "exitCode" not in worker(job)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"jobDefinition": "none"}, "does not exist or is inactive"),
        ({"jobQueue": "none"}, "none does not exist"),
        ({"retryStrategy": {"attempts": 11}}, "between 1 and 10"),
        ({"timeout": {"attemptDurationSeconds": 59}}, "at least 60"),
        ({"arrayProperties": {"size": 2}}, "does not take arrayProperties"),
        ({"containerOverrides": {"command": ["a"]}}, "must not be used"),
        ({"container": {"name": "other"}}, "names the container other"),
        ({"container": {"environment": [{"name": "AWS_BATCH_X", "value": "1"}]}}, "cannot start with AWS_BATCH"),
        ({"container": {"resourceRequirements": [{"type": "VCPU", "value": "3"}]}}, "does not combine 3 vCPU"),
    ],
)
def test_refuses_what_batch_refuses(house: BatchHouse, asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(ClientError, match=rf"ClientException.*{reason}"):
        house.submit("exit", "0", **asked)


def test_submitting_fails_as_often_as_a_fault_says(house: BatchHouse) -> None:
    house.laptop.inject({"action": "batch:SubmitJob", "times": 1, "error": "TooBusy", "status": 400})
    with pytest.raises(ClientError, match="TooBusy"):
        house.submit("exit", "0")
    house.ended(house.submit("exit", "0"))


def test_a_task_that_does_not_run_cannot_be_reclaimed(house: BatchHouse) -> None:
    with pytest.raises(wire.EngineRefused, match="0 such tasks run, not 1"):
        house.strike("reclaim", "nothing")
