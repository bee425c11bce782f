"""An account of its own for each test, its table and buckets as the real template says; the endpoint stands in."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.room_detection import answer, clients, status, sweep, trigger, upload
from lambdas.room_detection.jobs import Job, Jobs
from lambdas.room_detection.settings import TriggerSettings, UploadSettings
from tests.conftest import Template, resources
from tests.functions import Context, sqs_batch, taken_from

BLUEPRINTS, RESULTS = "loupe-blueprints", "loupe-results"
ALICE, ACCOUNT = "arn:aws:iam::123456789012:user/alice", "123456789012"
ROOM = {
    "id": "room_001", "page": 1, "polygon": [[1, 1], [5, 1], [5, 4]], "bounding_box_px": [1, 1, 5, 4],
    "bounding_box": [10, 13, 50, 50], "area_px": 6.0, "area_share": 1, "confidence": 0.9,
    "neighbours": [], "name": "Küche",
}  # fmt: skip
ROOMS: dict[str, Any] = {
    "detector": {"name": "test", "version": "1.0.0"},
    "pages": [{"page": 1, "width": 100, "height": 80}],
    "rooms": [ROOM],
}


@dataclass
class Endpoint:
    """Stands in for SageMaker's runtime: remembers what it was asked, fails as often as it is told to."""

    results: Any
    failures: list[Exception] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def invoke_endpoint_async(self, **request: Any) -> dict[str, str]:
        if self.failures:
            raise self.failures.pop()
        self.asked.append(request)
        place = f"s3://{RESULTS}/room_detection/endpoint"
        number = len(self.asked)
        return {
            "OutputLocation": f"{place}/output/{number}.out",
            "FailureLocation": f"{place}/failure/{number}-error.out",
        }

    def leave(self, location: str, body: bytes) -> None:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        self.results.put_object(Bucket=bucket, Key=key, Body=body)

    def completes(self, job: Job, body: Any = ROOMS) -> dict[str, Any]:
        self.leave(job["output_location"], json.dumps(body).encode())
        answered = {"outputLocation": job["output_location"], "contentType": "application/json"}
        return {"invocationStatus": "Completed", "inferenceId": job["job_id"], "responseParameters": answered}

    def fails(self, job: Job, reason: str) -> dict[str, Any]:
        return {"invocationStatus": "Failed", "inferenceId": job["job_id"], "failureReason": reason}


@dataclass
class Account:
    """Everything a test looks at."""

    s3: Any
    endpoint: Endpoint
    jobs: Jobs
    told: Any

    def lands(self, key: str, body: bytes = b"plan") -> dict[str, Any]:
        """Put an object; the event that EventBridge makes of it."""
        version = self.s3.put_object(Bucket=BLUEPRINTS, Key=key, Body=body)["VersionId"]
        thing = {"key": key, "size": len(body), "etag": "e", "version-id": version, "sequencer": "0"}
        detail = {"bucket": {"name": BLUEPRINTS}, "object": thing}
        return {"source": "aws.s3", "detail-type": "Object Created", "account": ACCOUNT, "detail": detail}

    def trigger(self, *events: dict[str, Any]) -> dict[str, Any]:
        return dict(trigger.handle(sqs_batch(*events), Context()))  # type: ignore[arg-type]  # a stand-in context

    def answer(self, *events: dict[str, Any]) -> dict[str, Any]:
        return dict(answer.handle(sqs_batch(*events), Context()))  # type: ignore[arg-type]  # as above

    def sweep(self) -> dict[str, int]:
        return sweep.handle({}, Context())  # type: ignore[arg-type]  # as above

    def all_jobs(self) -> list[Job]:
        items = self.jobs._table.scan(ConsistentRead=True)["Items"]
        return [found for item in items if (found := self.jobs.get(str(item["job_id"])))]

    def the_job(self) -> Job:
        [job] = self.all_jobs()
        return job

    def hurry(self) -> None:
        """Make every waiting job due now, past its deadline too."""
        for job in self.all_jobs():
            if "due" in job:
                table = self.jobs._table
                table.update_item(
                    Key={"job_id": job["job_id"]},
                    UpdateExpression="SET due = :past, deadline = :past REMOVE claimed_until",
                    ExpressionAttributeValues={":past": 1},
                )

    def notifications(self) -> list[dict[str, Any]]:
        """Take what subscribers were told since the last look."""
        return taken_from(self.told)


@pytest.fixture
def account(prod: Mapping[str, Template], monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with mock_aws():
        forget_clients()
        s3 = boto3.client("s3")
        for bucket in (BLUEPRINTS, RESULTS):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        topic = boto3.client("sns").create_topic(Name="notifications")["TopicArn"]
        queue = boto3.resource("sqs").create_queue(QueueName="told")
        boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.attributes["QueueArn"])
        table = _table(prod["Storage"])
        for name, value in _settings(topic, table).items():
            monkeypatch.setenv(name, value)
        endpoint = Endpoint(s3)
        monkeypatch.setattr(clients, "sagemaker_runtime", lambda: endpoint)
        yield Account(s3, endpoint, Jobs(clients.table(table)), queue)
        forget_clients()


def forget_clients() -> None:
    """A process starts anew with every account."""
    remembered: tuple[Any, ...] = (clients.s3, clients.sns, clients.table, trigger._handover, answer._settlement)
    for cached in (*remembered, sweep._settlement, upload._settings, status._history):
        cached.cache_clear()


def _table(storage: Template) -> str:
    [table] = resources(storage, "AWS::DynamoDB::Table").values()
    wanted = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")
    boto3.client("dynamodb").create_table(TableName="jobs", **{name: table["Properties"][name] for name in wanted})
    return "jobs"


def _settings(topic: str, table: str) -> dict[str, str]:
    trigger_settings = TriggerSettings(
        jobs_table=table,
        results_bucket=RESULTS,
        notification_topic=topic,
        job_retention_days=365,
        look_again_seconds=300,
        endpoint_name="endpoint",
        max_upload_mib=1,
        claim_seconds=60,
        queued_seconds=3600,
        queue_ttl_seconds=3600,
        invocation_timeout_seconds=900,
    )
    upload_settings = UploadSettings(
        jobs_table=table, blueprints_bucket=BLUEPRINTS, max_upload_mib=1, upload_link_seconds=60
    )
    return trigger_settings.to_environ() | upload_settings.to_environ()
