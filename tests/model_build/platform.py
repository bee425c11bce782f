"""The slice on the laptop, for tests: bundles are published, executions started, their steps and ends looked at."""

import json
import uuid
from pathlib import Path
from typing import Any

from cli.account import laptop_account
from cli.model_build_bundle import Bundle
from cli.model_build_pipeline import Execution, Pipeline, Step
from cli.model_build_project import Project
from cli.model_build_versions import Versions
from local.laptop import Laptop
from loupe import contracts
from tests.topics import Subscription


class Builds:
    """The slice on the laptop."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop, self.account = laptop, laptop_account(laptop)
        self.pipeline, self.project = Pipeline(self.account), Project(self.account)
        self.versions = Versions(self.account)
        self._topic = Subscription(laptop, self.account.parameter("model_build/notification-topic"))

    def start(self, bundle: Bundle, train: Path, validation: Path, **parameters: str) -> str:
        """Publish, put the tables where only this execution looks, and begin; its ARN."""
        published = self.project.publish(bundle)
        place = f"data/curated/{uuid.uuid4().hex}"
        given = {"CodeBundleUri": published.uri, "InputTrainUri": "", "InputValidationUri": ""}
        for name, table in (("InputTrainUri", train), ("InputValidationUri", validation)):
            key = f"{place}/{table.name}"
            self.project.s3.put_object(Bucket=self.project.bucket, Key=key, Body=table.read_bytes())
            given[name] = self.project.uri(key)
        return self.pipeline.start({**given, **parameters}, commit=bundle.commit)

    def ended(self, arn: str) -> tuple[Execution, dict[str, Step]]:
        """How it ended, and its steps by name."""
        *_, (execution, steps) = self.pipeline.follow(arn)
        return execution, {step.name: step for step in steps}

    def run(self, bundle: Bundle, train: Path, validation: Path, **parameters: str) -> Any:
        return self.ended(self.start(bundle, train, validation, **parameters))

    def keys(self, execution: Execution) -> list[str]:
        """What it has left, below its id."""
        prefix = f"pipeline/runtime/{self.pipeline.name}/{execution.id}/"
        found = self.project.s3.list_objects_v2(Bucket=self.project.bucket, Prefix=prefix).get("Contents", [])
        return [one["Key"].removeprefix(prefix) for one in found]

    def read(self, execution: Execution, key: str) -> bytes:
        uri = self.project.uri(f"pipeline/runtime/{self.pipeline.name}/{execution.id}/{key}")
        return self.project.read(uri, advice="the execution writes it")

    def evaluation(self, execution: Execution) -> dict[str, Any]:
        found = json.loads(self.read(execution, "ModelEvaluation/evaluation/evaluation.json"))
        return dict(contracts.check("model_build/evaluation", found))

    def told(self, arn: str) -> list[str]:
        """The states that the topic has told of an execution or a version."""
        said = [contracts.check("model_build/notification", one) for one in self._topic.said()]
        return [one["state"] for one in said if one["arn"] == arn]
