"""The slice on the laptop, for tests: objects are put, nights are walked, figures are made, and looked at."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import ClientError

from local.laptop import Laptop
from loupe import contracts
from tests.topics import Subscription
from tests.waiting import eventually

ENDED = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}


class Archive:
    """The slice on the laptop."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.s3, self.states = laptop.client("s3"), laptop.client("stepfunctions")
        self.project = self.parameter("storage/project-bucket")
        self.results = self.parameter("storage/results-bucket")
        self.machine = self.parameter("archive/state-machine")
        self._topic = Subscription(laptop, self.parameter("archive/notification-topic"))

    def parameter(self, name: str) -> str:
        found = self.laptop.client("ssm").get_parameter(Name=f"/loupe/laptop/{name}")
        return str(found["Parameter"]["Value"])

    def put(self, key: str, body: bytes, *, bucket: str = "") -> None:
        self.s3.put_object(Bucket=bucket or self.project, Key=key, Body=body)

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.project, Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.project, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def begin(self, *, read_all: bool | str = False) -> str:
        """Start a night; its execution."""
        asked = json.dumps({"read_all": read_all})
        return str(self.states.start_execution(stateMachineArn=self.machine, input=asked)["executionArn"])

    @contextmanager
    def acting(self, role: str) -> Iterator[None]:
        """What a role is for, begun and whatever comes of it stopped; the machine tells of what it is asked in vain."""
        if role == "MetricsRole":
            self._call()
            yield
            return
        execution = self.begin(read_all="perhaps" if role == "NightsRole" else False)
        yield
        with suppress(ClientError):
            self.states.stop_execution(executionArn=execution)

    def night(self, *, read_all: bool = False) -> dict[str, Any]:
        """The report of a night that is walked now."""
        execution = self.begin(read_all=read_all)
        eventually(lambda: self.status(execution) in ENDED)
        assert self.status(execution) == "SUCCEEDED", self._look(execution)
        report = json.loads(self.read(json.loads(self._look(execution)["output"])["report"]))
        assert report["execution"] == execution
        return dict(contracts.check("archive/verification", report))

    def status(self, execution: str) -> str:
        return str(self._look(execution)["status"])

    def told(self) -> list[dict[str, Any]]:
        """All that the topic has said."""
        return [contracts.check("archive/notification", one) for one in self._topic.said()]

    def measure(self) -> dict[str, Any]:
        """Call the metrics function; the summary."""
        answer = self._call()
        told = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, told
        return dict(contracts.check("archive/summary", told))

    def _call(self) -> Any:
        name = self.parameter("archive/metrics-function")
        return self.laptop.client("lambda").invoke(FunctionName=name, Payload=b"{}")

    def _look(self, execution: str) -> dict[str, Any]:
        return dict(self.states.describe_execution(executionArn=execution))
