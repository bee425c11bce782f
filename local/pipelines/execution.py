"""One execution of a pipeline on disk: what is described of it, its steps, and what they have made."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from local.kept import Kept, read_all
from local.models import Record
from local.pipelines.expressions import text
from local.requests import moment

ENDED = ("Failed", "Stopped", "Succeeded")
FAILED = "Step failure: One or multiple steps failed."
LOST = "InternalServerError: The engine ended while this ran."


@dataclass
class Execution:
    """An execution; `steps` are as lists tell them, `properties` what they have made, for others to refer to."""

    id: str
    pipeline: str
    body: str
    role: str
    token: str
    parameters: dict[str, Any]
    detail: Record
    most: int
    steps: dict[str, Record] = field(default_factory=dict)
    properties: dict[str, Record] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.detail["PipelineExecutionArn"])

    @property
    def status(self) -> str:
        """Its status."""
        return str(self.detail["PipelineExecutionStatus"])

    @property
    def states(self) -> dict[str, str]:
        """The status of each step that has begun."""
        return {name: step["StepStatus"] for name, step in self.steps.items()}

    @property
    def variables(self) -> dict[str, str]:
        """What definitions call `Execution.…`, but for the name of a step's own job."""
        return {
            "PipelineName": self.pipeline,
            "PipelineArn": str(self.detail["PipelineArn"]),
            "PipelineExecutionId": self.id,
            "PipelineExecutionArn": self.arn,
            "StartDateTime": moment(self.detail["CreationTime"]),
            "CurrentDateTime": moment(time.time()),
        }

    def listed_parameters(self) -> list[Record]:
        """The parameters and their values, as lists tell them."""
        return [{"Name": name, "Value": text(value)} for name, value in self.parameters.items()]

    def save(self, folder: Path) -> None:
        """Write the execution."""
        Kept(folder, self.id).write(asdict(self))

    def forget(self, folder: Path) -> None:
        """Delete the execution."""
        Kept(folder, self.id).forget()


def read_executions(folder: Path) -> dict[str, Execution]:
    """All executions, by their ids."""
    found = [Execution(**record) for record in read_all(folder)]
    return {one.id: one for one in found}


def told(execution: Execution, before: str) -> Record:
    """An execution as an event tells of a change of its status."""
    detail = execution.detail
    times = {"executionStartTime": moment(detail["CreationTime"])}
    if execution.status in ENDED:
        times["executionEndTime"] = moment(detail["LastModifiedTime"])
    words = {
        "pipelineExecutionDisplayName": detail.get("PipelineExecutionDisplayName"),
        "pipelineExecutionDescription": detail.get("PipelineExecutionDescription"),
        "previousPipelineExecutionStatus": before,
    }
    return {
        **{name: word for name, word in words.items() if word},
        "currentPipelineExecutionStatus": execution.status,
        **times,
        "pipelineArn": detail["PipelineArn"],
        "pipelineExecutionArn": execution.arn,
    }


def told_step(execution: Execution, step: Record, kind: str, before: str) -> Record:
    """A step as an event tells of a change of its status."""
    times = {f"step{name}": moment(step[name]) for name in ("StartTime", "EndTime") if name in step}
    more = {"failureReason": step.get("FailureReason"), "cacheHitResult": _lower(step.get("CacheHitResult"))}
    return {
        "metadata": _lower(step.get("Metadata", {})),
        **times,
        "stepName": step["StepName"],
        "stepType": kind,
        **({"previousStepStatus": before} if before else {}),
        "currentStepStatus": step["StepStatus"],
        **{name: word for name, word in more.items() if word},
        "pipelineArn": execution.detail["PipelineArn"],
        "pipelineExecutionArn": execution.arn,
    }


def _lower(content: Any) -> Any:
    """The same with names as events have them: `ProcessingJob` is `processingJob`."""
    if not isinstance(content, Mapping):
        return content
    return {name[:1].lower() + name[1:]: _lower(item) for name, item in content.items()}
