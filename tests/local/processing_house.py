"""A laptop with processing jobs, and the words that a test speaks to it."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from local.laptop import Laptop
from local.processing.kind import PROCESSING
from tests.local.assemblies import REGISTRY, write_assembly
from tests.local.house import Detail, House, soon
from tests.local.processing_assemblies import PROGRAM, jobs

ENDED = {"Completed", "Failed", "Stopped"}
_NUMBERS = count()


@dataclass
class ProcessingHouse(House):
    """The stack `Jobs` of a laptop."""

    group = PROCESSING.names.log_group

    def __post_init__(self) -> None:
        super().__post_init__()
        self.sagemaker, self.s3 = self.laptop.client("sagemaker"), self.laptop.client("s3")

    def ask(self, *arguments: str, **more: Any) -> Detail:
        """A request for a job that does what its arguments say."""
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        return {
            "ProcessingJobName": f"job-{next(_NUMBERS)}",
            "ProcessingResources": {"ClusterConfig": cluster},
            "AppSpecification": {"ImageUri": f"{REGISTRY}:program", "ContainerArguments": list(arguments)},
            "RoleArn": self.role("JobRole"),
            **more,
        }

    def role(self, name: str) -> str:
        """The ARN of one of the stack's roles."""
        return f"arn:aws:iam::000000000000:role/{self.ids[name]}"

    def create(self, *arguments: str, **more: Any) -> str:
        """Start a job; answers its name."""
        ask = self.ask(*arguments, **more)
        self.sagemaker.create_processing_job(**ask)
        return str(ask["ProcessingJobName"])

    def job(self, name: str) -> Detail:
        """A job as DescribeProcessingJob tells it."""
        return dict(self.sagemaker.describe_processing_job(ProcessingJobName=name))

    def ended(self, name: str) -> Detail:
        """A job once it has ended."""
        soon(lambda: self.job(name)["ProcessingJobStatus"] in ENDED)
        return self.job(name)

    def ready(self, name: str) -> None:
        """Return once the program of a job says that it is ready to be stopped."""
        soon(lambda: "ready" in self.lines(name))

    def lines(self, name: str) -> list[str]:
        """What the program of a job has written to CloudWatch Logs."""
        logs = self.laptop.client("logs")
        try:
            found = logs.describe_log_streams(logGroupName=self.group, logStreamNamePrefix=f"{name}/algo-1-")[
                "logStreams"
            ]
        except logs.exceptions.ResourceNotFoundException:
            return []
        names = [one["logStreamName"] for one in found]
        events = [logs.get_log_events(logGroupName=self.group, logStreamName=one)["events"] for one in names]
        return [event["message"] for stream in events for event in stream]

    def told(self, name: str, *, last: str) -> list[Detail]:
        """The events of a job until its last status."""
        return self.hear(
            lambda detail: detail.get("ProcessingJobName") == name,
            until=lambda detail: detail["ProcessingJobStatus"] == last,
        )

    def strike(self, effect: str, name: str) -> None:
        """Take the host of a running job away, or let it reach its time limit."""
        self.laptop.inject({"action": "sagemaker:StopProcessingJob", "effect": effect, "times": 1, "job": name})

    def put(self, **objects: str) -> None:
        """Put objects below data/; an underscore in a name is a slash in its key."""
        for key, text in objects.items():
            self.s3.put_object(Bucket=self.ids["Bucket"], Key=f"data/{key.replace('_', '/')}", Body=text.encode())

    def texts(self, prefix: str) -> dict[str, str]:
        """The objects below a prefix of data/ and their texts."""
        listed = self.s3.list_objects_v2(Bucket=self.ids["Bucket"], Prefix=f"data/{prefix}").get("Contents", [])
        found = (one["Key"] for one in listed)
        read = {key: self.s3.get_object(Bucket=self.ids["Bucket"], Key=key)["Body"].read().decode() for key in found}
        return {key.removeprefix(f"data/{prefix}"): text for key, text in read.items()}

    def source(self, place: str, **more: str) -> list[Detail]:
        """One input, from data/ in the bucket."""
        return [self._channel("Input", place, **{"S3DataType": "S3Prefix", **more})]

    def target(self, place: str, **more: str) -> Detail:
        """One output, to data/ in the bucket."""
        return {"Outputs": [self._channel("Output", place, **{"S3UploadMode": "EndOfJob", **more})]}

    def _channel(self, kind: str, place: str, **more: str) -> Detail:
        uri = f"s3://{self.ids['Bucket']}/data/{place}"
        where = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{kind.lower()}", **more}
        return {f"{kind}Name": kind.lower(), f"S3{kind}": where}


def processing_house(laptop: Laptop, folder: Path) -> ProcessingHouse:
    """A laptop with the stack deployed to it."""
    laptop.up(write_assembly(folder, {"Jobs": jobs()}, program=PROGRAM))
    return ProcessingHouse(laptop)
