"""The platform on the laptop engine as a client sees it, with the root's eyes where a client has none."""

import json
import re
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.laptop import Laptop
from loupe import contracts
from tests.conftest import EXAMPLES
from tests.topics import Subscription
from tests.waiting import eventually

PLAN = (EXAMPLES / "flat.png").read_bytes()
ENDED = {"SUCCEEDED", "FAILED"}
OTHERS = r"_service |lambda-loupe-laptop-(?!room-detection-)"  # a stand-in, a function of another slice


class Platform:
    """The laptop as a client sees it, with the root's eyes where a client has none."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.s3, self.lambda_ = laptop.client("s3"), laptop.client("lambda")
        self.blueprints = self.parameter("storage/blueprints-bucket")
        self.results = self.parameter("storage/results-bucket")
        self._dynamodb = laptop.client("dynamodb")
        [self._table] = [name for name in self._dynamodb.list_tables()["TableNames"] if "-Jobs" in name]
        self._topic = Subscription(laptop, self.parameter("room-detection/notification-topic"))

    def parameter(self, name: str) -> str:
        found = self.laptop.client("ssm").get_parameter(Name=f"/loupe/laptop/{name}")
        return str(found["Parameter"]["Value"])

    def lands(self, name: str, body: bytes = PLAN) -> str:
        """Put a blueprint like `aws s3 cp` does; its name, made unique, with folders and all."""
        unique = f"{uuid.uuid4().hex[:8]}/{name}"
        self.s3.put_object(Bucket=self.blueprints, Key=f"blueprints/{unique}", Body=body)
        return f"blueprints/{unique}"

    def jobs(self) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        return [{name: next(iter(v.values())) for name, v in item.items()} for page in pages for item in page["Items"]]

    def jobs_of(self, *keys: str) -> list[dict[str, Any]]:
        return [job for job in self.jobs() if job["key"] in keys]

    def ended(self, *keys: str, seconds: float = 60) -> list[dict[str, Any]]:
        """The jobs of these keys once all of them have ended and their end has been told."""

        def settled() -> Counter[str]:
            return Counter(j["key"] for j in self.jobs_of(*keys) if j["state"] in ENDED and "open" not in j)

        eventually(lambda: settled() >= Counter(keys), seconds)
        return self.jobs_of(*keys)

    def function(self, name: str) -> str:
        pages = self.lambda_.get_paginator("list_functions").paginate()
        names = [function["FunctionName"] for page in pages for function in page["Functions"]]
        [found] = [full for full in names if f"-{name}" in full]
        return str(found)

    def sweep(self) -> dict[str, Any]:
        return dict(self.lambda_.invoke(FunctionName=self.function("Sweep"), Payload=b"{}"))

    def make_due(self, job_id: str, *, expired: bool = False) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"job_id": {"S": job_id}},
            UpdateExpression="SET due = :past" + (", deadline = :past" if expired else ""),
            ExpressionAttributeValues={":past": {"N": "1"}},
        )

    def answers(self, job_id: str) -> set[str]:
        listed = self.s3.list_object_versions(Bucket=self.results, Prefix=f"room_detection/{job_id}/")
        keys = [version["Key"].rsplit("/", 1)[-1] for version in listed.get("Versions", [])]
        assert len(keys) == len(set(keys)), "something was written twice"
        return set(keys)

    def told(self, job_id: str) -> list[dict[str, Any]]:
        return [message for message in self._drain() if message["job_id"] == job_id]

    def call(
        self, method: str, path: str, body: Any = None, *, user: dict[str, str] | None = None
    ) -> requests.Response:
        """A signed request to the HTTP API."""
        url = self.laptop.reachable(self.parameter("api/url")).rstrip("/") + path
        keys = user or {"AccessKeyId": "test", "SecretAccessKey": "test"}
        request = AWSRequest(method=method, url=url, data=json.dumps(body) if body is not None else None)
        signer = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"])
        SigV4Auth(signer, "execute-api", "us-east-1").add_auth(request)
        return requests.request(method, url, data=request.data, headers=dict(request.headers.items()), timeout=30)

    def user(self, name: str) -> dict[str, str]:
        """The keys of a new user who may call the API."""
        iam = self.laptop.client("iam")
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="api", PolicyDocument=policy)
        return dict(iam.create_access_key(UserName=name)["AccessKey"])

    def _drain(self) -> list[dict[str, Any]]:
        return [contracts.check("room_detection/notification", said) for said in self._topic.said()]


def descendants(pid: int) -> dict[int, str]:
    """The processes below one, and their command lines."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    found = {}
    for child in {int(word) for file in children for word in file.read_text().split()}:
        command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        found.update({child: command, **descendants(child)})
    return found


def servers(platform: Platform) -> list[int]:
    """Process ids of the endpoint's server and its workers."""
    engine = platform.laptop.status().pid
    assert engine
    return [pid for pid, command in descendants(engine).items() if "gunicorn" in command]


def memory_mib(platform: Platform) -> float:
    """The most that the engine and its processes ever held, were it all at once; but for what serves other slices."""
    engine = platform.laptop.status().pid
    assert engine
    ours = [pid for pid, command in descendants(engine).items() if not re.search(OTHERS, command)]
    peaks = [
        int(re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[0]) for pid in (engine, *ours)
    ]
    return sum(peaks) / 1024


def as_user(platform: Platform, keys: dict[str, str], service: str) -> Any:
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name="us-east-1")
    return session.client(service, endpoint_url=platform.laptop.url)  # type: ignore[call-overload]  # any service


def queue_url(platform: Platform, name: str) -> str:
    urls = platform.laptop.client("sqs").list_queues()["QueueUrls"]
    [found] = [url for url in urls if re.search(rf"room-detection-{name}[0-9A-F]{{8}}", url)]
    return str(found)


def depth(platform: Platform, queue: str) -> int:
    """Messages that wait or are being worked on."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = platform.laptop.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(found["Attributes"][name]) for name in names)


def left_output(platform: Platform, job: dict[str, Any]) -> bool:
    if "output_location" not in job:
        return False
    key = job["output_location"].partition(f"{platform.results}/")[2]
    return "Contents" in platform.s3.list_objects_v2(Bucket=platform.results, Prefix=key)
