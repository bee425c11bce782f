"""A laptop per test, and one with an endpoint, a service, jobs or pipelines for all tests that only use it."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.laptop import Laptop
from tests.local.assemblies import endpoint, write_assembly
from tests.local.house import living
from tests.local.ocr_house import Service, running
from tests.local.pipeline_house import PipelineHouse, pipeline_house
from tests.local.processing_house import ProcessingHouse, processing_house


@dataclass
class EndpointHouse:
    """A laptop with one endpoint, and the words that a test speaks to it."""

    laptop: Laptop

    def __post_init__(self) -> None:
        resources = self.laptop.client("cloudformation").describe_stack_resources(StackName="Rooms")["StackResources"]
        self.ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        self.s3 = self.laptop.client("s3")
        [endpoint] = self.laptop.status().endpoints
        self.name = endpoint["name"]

    def invoke(self, body: bytes, **options: Any) -> dict[str, Any]:
        """Queue one inference over an object with this body."""
        self.s3.put_object(Bucket=self.ids["Bucket"], Key="input/plan", Body=body)
        runtime = self.laptop.client("sagemaker-runtime")
        location = f"s3://{self.ids['Bucket']}/input/plan"
        asked: dict[str, Any] = runtime.invoke_endpoint_async(
            EndpointName=self.name, InputLocation=location, ContentType="image/png", **options
        )
        return asked

    def message(self) -> dict[str, Any]:
        """The next message of the endpoint's topic."""
        sqs, until = self.laptop.client("sqs"), time.monotonic() + 20
        while time.monotonic() < until:
            for message in sqs.receive_message(QueueUrl=self.ids["Queue"], WaitTimeSeconds=1).get("Messages", []):
                sqs.delete_message(QueueUrl=self.ids["Queue"], ReceiptHandle=message["ReceiptHandle"])
                told: dict[str, Any] = json.loads(message["Body"])
                return told
        raise AssertionError("no message came")

    def read(self, location: str) -> bytes:
        """An object by its s3:// location."""
        bucket, _, key = location.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    one = Laptop(tmp_path / "home")
    yield one
    one.down()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointHouse]:
    folder = tmp_path_factory.mktemp("house")
    one = Laptop(folder / "home")
    try:
        one.up(write_assembly(folder / "cdk.out", {"Rooms": endpoint()}))
        yield EndpointHouse(one)
    finally:
        one.down()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running() as one:
        yield one


@pytest.fixture(scope="module")
def processing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessingHouse]:
    folder = tmp_path_factory.mktemp("processing")
    with living(folder) as one:
        yield processing_house(one, folder / "cdk.out")


@pytest.fixture(scope="session")
def learning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineHouse]:
    folder = tmp_path_factory.mktemp("learning")
    with living(folder) as one:
        yield pipeline_house(one, folder / "cdk.out")
