"""The synthesized stack on the laptop: a dataset lands, a job labels it, its ending is told, come what may."""

import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from examples.pages import write
from local.laptop import Laptop
from loupe import contracts
from tests.ocr.datasets import dataset
from tests.ocr.hostile import KEY, Hostile, served
from tests.ocr.programs import label

pytestmark = pytest.mark.laptop
ROWS = 24


class Ocr:
    """The slice on the laptop, with an OCR service of its own."""

    def __init__(self, laptop: Laptop, service: Hostile) -> None:
        self.laptop, self.service = laptop, service
        self.s3, self.lambda_ = laptop.client("s3"), laptop.client("lambda")
        self.project, self.results = (self.parameter(f"storage/{name}-bucket") for name in ("project", "results"))
        self._told = self._subscribe()
        self.know_key(KEY)

    def parameter(self, name: str) -> str:
        found = self.laptop.client("ssm").get_parameter(Name=f"/loupe/laptop/{name}")
        return str(found["Parameter"]["Value"])

    def know_key(self, key: str) -> None:
        """Fill in the secret; with an empty key it is as a new deployment leaves it."""
        secret = json.dumps({"url": self.service.url, "key": key})
        self.laptop.client("secretsmanager").put_secret_value(
            SecretId=self.parameter("ocr/secret"), SecretString=secret
        )

    def lands(self, table: Path) -> str:
        """Put the dataset and its images; the dataset's name."""
        name = f"pages-{uuid.uuid4().hex[:8]}"
        for image in sorted((table.parent / "images").iterdir()):
            self.s3.upload_file(str(image), self.project, f"data/ocr/images/{image.name}")
        self.s3.upload_file(str(table), self.project, f"data/ocr/{name}.parquet")
        return name

    def asked(self, name: str) -> dict[str, Any]:
        """What the submit function answers to a person."""
        request = json.dumps({"bucket": self.project, "key": f"data/ocr/{name}.parquet"})
        answer = self.lambda_.invoke(FunctionName=self.parameter("ocr/submit-function"), Payload=request)
        return dict(json.loads(answer["Payload"].read()))

    def files(self, name: str) -> dict[str, bytes]:
        """The run's files by name, but those that only a later attempt reads."""
        listed = self.s3.list_objects_v2(Bucket=self.results, Prefix=f"ocr/{name}/").get("Contents", [])
        bodies = {item["Key"]: self.s3.get_object(Bucket=self.results, Key=item["Key"]) for item in listed}
        files = {key.rsplit("/", 1)[-1]: found["Body"].read() for key, found in bodies.items()}
        return {file: body for file, body in files.items() if not file.startswith("kept-")}

    def endings(self, name: str) -> list[dict[str, Any]]:
        sqs = self.laptop.client("sqs")
        while found := sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self._told.append(contracts.check("ocr/notification", json.loads(message["Body"])))
                sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return [told for told in self._told if told["dataset"].endswith(f"/{name}.parquet")]

    def jobs(self, run_id: str) -> list[dict[str, Any]]:
        batch = self.laptop.client("batch")
        by_name = [{"name": "JOB_NAME", "values": [f"ocr-{run_id}"]}]
        return list(batch.list_jobs(jobQueue=self.parameter("ocr/queue"), filters=by_name)["jobSummaryList"])

    def _subscribe(self) -> list[dict[str, Any]]:
        sqs, topic = self.laptop.client("sqs"), self.parameter("ocr/notification-topic")
        self._queue = sqs.create_queue(QueueName=f"ocr-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        raw = {"RawMessageDelivery": "true"}
        self.laptop.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)
        return []


@pytest.fixture
def ocr(running_laptop: Laptop) -> Iterator[Ocr]:
    with served(Hostile()) as service:
        yield Ocr(running_laptop, service)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("pages"), ROWS)


def eventually(happened: Callable[[], Any], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.2)


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
    name = ocr.lands(table)
    eventually(lambda: ocr.endings(name))
    logs = ocr.laptop.home / "logs"
    assert any(logs.rglob("*.log"))
    assert [path for path in logs.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []
    [told] = ocr.endings(name)
    assert KEY not in str(ocr.laptop.client("batch").describe_jobs(jobs=[told["job_id"]]))
    assert ocr.laptop.status().denials == 0
