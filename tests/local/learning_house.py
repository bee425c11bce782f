"""A laptop that trains, and the words that a test speaks to it."""

import io
import tarfile
from dataclasses import dataclass
from itertools import count
from typing import Any

from local.training.kind import TRAINING
from tests.local.house import Detail, soon
from tests.local.learning_assemblies import SKLEARN, TRAIN, XGBOOST, archive
from tests.local.processing_house import ENDED, ProcessingHouse

_NUMBERS = count()


@dataclass
class LearningHouse(ProcessingHouse):
    """The stack `Jobs` of a laptop that trains."""

    group = TRAINING.names.log_group

    def uri(self, place: str) -> str:
        """The location of a place below data/."""
        return f"s3://{self.ids['Bucket']}/data/{place}"

    def place(self, place: str, body: bytes) -> str:
        """Put an object below data/; answers its location."""
        self.s3.put_object(Bucket=self.ids["Bucket"], Key=f"data/{place}", Body=body)
        return self.uri(place)

    def training(self, word: str, *channels: str, **more: Any) -> Detail:
        """A request for a training job that does what a word says."""
        code = self.place("code/train.tar.gz", archive(train=TRAIN))
        source = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated"}
        script = {"sagemaker_program": "train.py", "sagemaker_submit_directory": f'"{code}"'}
        inputs = [
            {"ChannelName": one, "DataSource": {"S3DataSource": {**source, "S3Uri": self.uri(f"{one}/")}}}
            for one in channels
        ]
        return {
            "TrainingJobName": f"train-{next(_NUMBERS)}",
            "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
            "RoleArn": self.role("JobRole"),
            "OutputDataConfig": {"S3OutputPath": self.uri("models")},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **({"InputDataConfig": inputs} if inputs else {}),
            **more,
            "HyperParameters": {**script, "word": word, **more.get("HyperParameters", {})},
        }

    def train(self, word: str, *channels: str, **more: Any) -> str:
        """Start a training job; answers its name."""
        ask = self.training(word, *channels, **more)
        self.sagemaker.create_training_job(**ask)
        return str(ask["TrainingJobName"])

    def trained(self, name: str) -> Detail:
        """A training job once it has ended."""
        soon(lambda: self.training_job(name)["TrainingJobStatus"] in ENDED)
        return self.training_job(name)

    def training_job(self, name: str) -> Detail:
        """A training job as DescribeTrainingJob tells it."""
        return dict(self.sagemaker.describe_training_job(TrainingJobName=name))

    def model(self, job: Detail) -> dict[str, str]:
        """The files of a job's model and their texts."""
        bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as content:
            opened = {one.name: content.extractfile(one) for one in content if one.isfile()}
            return {name: file.read().decode() for name, file in opened.items() if file}

    def told_of_training(self, name: str, *, last: str) -> list[Detail]:
        """The events of a training job until its last status."""
        return self.hear(
            lambda detail: detail.get("TrainingJobName") == name,
            until=lambda detail: detail["TrainingJobStatus"] == last,
        )

    def strike_training(self, effect: str, name: str) -> None:
        """Take the host of a running training job away, or let it reach its time limit."""
        self.laptop.inject({"action": "sagemaker:StopTrainingJob", "effect": effect, "times": 1, "job": name})

    def managed(self, command: str, **more: Any) -> Detail:
        """A request for a processing job that runs a command line on a managed image."""
        application = {"ImageUri": SKLEARN, "ContainerEntrypoint": ["bash", "-c", command]}
        return self.ask(AppSpecification=application, **more)
