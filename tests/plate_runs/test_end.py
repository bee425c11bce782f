"""What an execution has come to, told once: success only where nothing failed, else each failure in its own words."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.plate_runs import end
from lambdas.plate_runs.settings import EndSettings
from loupe import clients
from tests.functions import Context, taken_from

RUN_ID = "run-20260104-043258-877a06a6"
MONDAY = "arn:aws:states:us-east-1:123456789012:execution:PlateRuns:monday"
RUN = {
    "run_id": RUN_ID,
    "dataset": "s3://loupe-project/plates/birds",
    "models": "cpu-baseline-v1,segmentation-otsu-v1",
    "jobs": f"{RUN_ID}-0f3a5b7c",
    "shards": ["0/2", "1/2"],
}
WHOLE = [{"shard": "0/2"}, {"shard": "1/2"}]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with mock_aws():
        for cached in (clients.sns, end._settings):
            cached.cache_clear()
        topic = boto3.client("sns").create_topic(Name="notifications")["TopicArn"]
        queue = boto3.resource("sqs").create_queue(QueueName="told")
        boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.attributes["QueueArn"])
        for name, value in EndSettings(notification_topic=topic).to_environ().items():
            monkeypatch.setenv(name, value)
        yield queue
        for cached in (clients.sns, end._settings):
            cached.cache_clear()


def ends(**ended: Any) -> dict[str, Any]:
    return dict(end.handle({"execution": MONDAY, "ended": ended}, Context()))  # type: ignore[arg-type]  # a stand-in


def failed(job: dict[str, Any], error: str = "States.TaskFailed") -> dict[str, str]:
    return {"Error": error, "Cause": json.dumps({"ProcessingJobName": "j", "ProcessingJobStatus": "Failed", **job})}


def test_a_whole_run_is_told_once_as_it_is_answered(told: Any) -> None:
    answer = ends(run=RUN, shards=WHOLE)
    assert (answer["state"], answer["run_id"], answer["shards"], answer["reason"]) == ("SUCCEEDED", RUN_ID, 2, None)
    assert taken_from(told) == [answer]


def test_every_shard_that_failed_is_named_with_what_its_program_said(told: Any) -> None:
    said = {
        "FailureReason": "AlgorithmError: , exit code: 1",
        "ExitMessage": "plate-002: 3f is not\n what was archived.",
    }
    shards = [{"shard": "0/2", "failure": failed(said)}, {"shard": "1/2", "failure": failed({"FailureReason": "lost"})}]
    answer = ends(run=RUN, shards=shards)
    assert answer["state"] == "FAILED"
    assert answer["reason"] == "Shard 0/2: plate-002: 3f is not what was archived.; Shard 1/2: lost"
    assert [message["reason"] for message in taken_from(told)] == [answer["reason"]]


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (
            {"run": RUN, "shards": WHOLE, "failure": failed({"FailureReason": "CapacityError: none left"})},
            "Ledger: CapacityError: none left",
        ),
        (
            {"run": RUN, "shards": WHOLE, "failure": failed({"ProcessingJobStatus": "Stopped"})},
            "Ledger: the job j is Stopped.",
        ),
        (
            {"run": RUN, "failure": {"Error": "States.DataLimitExceeded", "Cause": "too much"}},
            "Shards: States.DataLimitExceeded: too much",
        ),
        (
            {"failure": {"Error": "Refused", "Cause": '{"errorMessage": "no plates", "errorType": "Refused"}'}},
            "The run was not begun: no plates",
        ),
        ({"failure": {"Error": "E", "Cause": "[1]"}}, "The run was not begun: E: [1]"),
        ({"failure": {"Error": "E", "Cause": ""}}, "The run was not begun: E:"),
    ],
)
def test_whatever_failed_is_told_with_its_reason(told: Any, ended: dict[str, Any], reason: str) -> None:
    assert (ends(**ended)["state"], ends(**ended)["reason"]) == ("FAILED", reason)


def test_reasons_of_all_shards_fit_into_one_message(told: Any) -> None:
    shards = [{"shard": f"{n}/40", "failure": failed({"ExitMessage": "Ω" * 5000})} for n in range(40)]
    assert len(json.dumps(ends(run=RUN, shards=shards), ensure_ascii=False).encode()) < 256 * 1024
