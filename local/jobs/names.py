"""What SageMaker calls the parts of one kind of job: it speaks of processing and of training in the same way."""

from dataclasses import dataclass
from typing import Any

from local.models import Record
from local.seams import account


@dataclass(frozen=True)
class Names:
    """The names around one kind of job, such as `Processing`."""

    kind: str

    def of(self, what: str) -> str:
        """A field's or an operation's name, such as `ProcessingJobArn`."""
        return f"{self.kind}{what}"

    @property
    def log_group(self) -> str:
        """Where the programs of such jobs write."""
        return f"/aws/sagemaker/{self.kind}Jobs"

    @property
    def event(self) -> str:
        """The kind of event that tells of a change of state."""
        return f"SageMaker {self.kind} Job State Change"

    def arn(self, name: str) -> str:
        """The ARN of a job, in which names are the same whatever their case."""
        return account.arn("sagemaker", f"{self.kind.lower()}-job/{name.lower()}")

    def summary(self, detail: Record) -> Record:
        """A job as lists tell it."""
        fields = ("JobName", "JobArn", "JobStatus", "StartTime", "EndTime")
        told = ("FailureReason", "ExitMessage", "SecondaryStatus", "CreationTime", "LastModifiedTime")
        return {name: detail[name] for name in (*map(self.of, fields), *told) if name in detail}


def milliseconds(value: Any, name: str = "") -> Any:
    """The same content with its times in milliseconds, as events tell them."""
    if isinstance(value, dict):
        return {key: milliseconds(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [milliseconds(item) for item in value]
    return int(value * 1000) if name.endswith("Time") and isinstance(value, float) else value
