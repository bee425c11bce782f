"""An account of its own for each test, its table of runs as the real template says; AWS Batch stands in."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.validate import validate_parameters
from moto import mock_aws

from lambdas.ocr import clients, ending, submit
from lambdas.ocr.records import Records
from lambdas.ocr.settings import SubmitSettings
from local.laptop import Laptop
from tests.conftest import Template, resources
from tests.functions import Context, sqs_batch, taken_from
from tests.ocr.datasets import ROWS, dataset
from tests.ocr.hostile import Hostile, served
from tests.ocr.platform import Ocr
from tests.ocr.programs import label, written

PROJECT, RESULTS = "loupe-project", "loupe-results"
QUEUE = "arn:aws:batch:us-east-1:123456789012:job-queue/ocr"
PARQUET = b"PAR1" + b"rows" + b"footer" + (6).to_bytes(4, "little") + b"PAR1"
_MODEL = botocore.session.get_session().get_service_model("batch")


@dataclass
class Batch:
    """Stands in for AWS Batch: takes what its model takes, lists jobs as it is told to."""

    jobs: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    lists: bool = True
    before: Callable[[], object] = lambda: None
    after: Callable[[], object] = lambda: None

    def submit_job(self, **request: Any) -> dict[str, str]:
        _check("SubmitJob", request)
        self.before()
        self.asked.append(request)
        number = len(self.asked)
        job = {"jobId": f"job-{number}", "jobName": request["jobName"], "status": "RUNNABLE", "createdAt": number}
        self.jobs.append(job)
        self.after()
        return {"jobId": job["jobId"], "jobName": job["jobName"]}

    def get_paginator(self, name: str) -> "Batch":
        assert name == "list_jobs"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """Pages of one job, names matched without regard to case: as Batch may do."""
        _check("ListJobs", request)
        [name] = request["filters"][0]["values"]
        listed = [job for job in self.jobs if self.lists and job["jobName"].lower() == name.lower()]
        yield from ({"jobSummaryList": [job]} for job in listed)
        yield {"jobSummaryList": []}

    def end(self, status: str) -> None:
        for job in self.jobs:
            job["status"] = status

    @property
    def commands(self) -> list[list[str]]:
        tasks = [request["ecsPropertiesOverride"]["taskProperties"] for request in self.asked]
        return [task["containers"][0]["command"] for [task] in tasks]


def _check(operation: str, request: dict[str, Any]) -> None:
    shape = _MODEL.operation_model(operation).input_shape
    assert shape is not None
    validate_parameters(request, shape)


@dataclass
class Account:
    """Everything a test looks at."""

    s3: Any
    batch: Batch
    records: Records
    told: Any

    def put(self, key: str, body: bytes = PARQUET, metadata: Mapping[str, str] | None = None) -> str:
        return str(self.s3.put_object(Bucket=PROJECT, Key=key, Body=body, Metadata=metadata or {})["VersionId"])

    def lands(self, key: str, body: bytes = PARQUET, metadata: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Put an object; the event that EventBridge makes of it."""
        version = self.put(key, body, metadata)
        thing = {"key": key, "size": len(body), "etag": "e", "version-id": version, "sequencer": "0"}
        detail = {"bucket": {"name": PROJECT}, "object": thing}
        return {"source": "aws.s3", "detail-type": "Object Created", "account": "123456789012", "detail": detail}

    def submit(self, *events: dict[str, Any]) -> dict[str, Any]:
        return dict(submit.handle(sqs_batch(*events), Context()))  # type: ignore[arg-type]  # a stand-in context

    def ask(self, key: str, **more: Any) -> dict[str, Any]:
        request = {"bucket": PROJECT, "key": key, **more}
        return dict(submit.handle(request, Context()))  # type: ignore[arg-type]  # as above

    def ended(self, *events: dict[str, Any]) -> dict[str, Any]:
        return dict(ending.handle(sqs_batch(*events), Context()))  # type: ignore[arg-type]  # as above

    def completes(self, output: str) -> None:
        """Leave the manifest that the program writes last."""
        bucket, _, folder = output.removeprefix("s3://").partition("/")
        self.s3.put_object(Bucket=bucket, Key=f"{folder}manifest.json", Body=b"{}")

    def let_holds_expire(self) -> None:
        table = self.records._table
        for item in table.scan(ConsistentRead=True)["Items"]:
            table.update_item(
                Key={"run_id": item["run_id"]},
                UpdateExpression="SET held_until = :past, telling_until = :past",
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
        for bucket in (PROJECT, RESULTS):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        topic = boto3.client("sns").create_topic(Name="notifications")["TopicArn"]
        queue = boto3.resource("sqs").create_queue(QueueName="told")
        boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.attributes["QueueArn"])
        for name, value in _settings(topic, _table(prod["Ocr"])).items():
            monkeypatch.setenv(name, value)
        batch = Batch()
        monkeypatch.setattr(clients, "batch", lambda: batch)
        monkeypatch.setattr(clients, "batch_once", lambda: batch)
        _write_one_at_a_time(monkeypatch)
        yield Account(s3, batch, Records(clients.table("runs"), memory_days=1), queue)
        forget_clients()


def forget_clients() -> None:
    """A process starts anew with every account."""
    remembered: tuple[Any, ...] = (clients.s3, clients.sns, clients.table, submit._submission, ending._tools)
    for cached in remembered:
        cached.cache_clear()


def _write_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A conditional write is one step in DynamoDB; its stand-in needs a lock for that."""
    lock, write = threading.Lock(), Records._update

    def locked(*arguments: Any, **named: Any) -> Any:
        with lock:
            return write(*arguments, **named)

    monkeypatch.setattr(Records, "_update", locked)


def _table(ocr: Template) -> str:
    [table] = resources(ocr, "AWS::DynamoDB::Table").values()
    wanted = ("KeySchema", "AttributeDefinitions", "BillingMode")
    boto3.client("dynamodb").create_table(TableName="runs", **{name: table["Properties"][name] for name in wanted})
    return "runs"


def _settings(topic: str, table: str) -> dict[str, str]:
    return SubmitSettings(
        runs_table=table,
        results_bucket=RESULTS,
        notification_topic=topic,
        run_memory_days=365,
        telling_seconds=60,
        project_bucket=PROJECT,
        job_queue=QUEUE,
        job_definition="arn:aws:batch:us-east-1:123456789012:job-definition/ocr:7",
        model="ocr",
        rate_per_second=3.0,
        checkpoint_rows=500,
        max_in_flight=64,
        lease_seconds=90,
    ).to_environ()


@pytest.fixture
def ocr(running_laptop: Laptop) -> Iterator[Ocr]:
    """The slice on the laptop, with an OCR service of its own."""
    with served(Hostile()) as service:
        yield Ocr(running_laptop, service)


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with served(Hostile()) as service:
        yield service


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("pages"), ROWS)


@pytest.fixture(scope="module")
def honest(table: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an uninterrupted run against an honest service writes."""
    out = tmp_path_factory.mktemp("honest") / "run"
    with served(Hostile()) as service:
        label(table, out, service, single_file=True)
    return written(out)
