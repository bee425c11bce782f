"""Executions of an environment's pipeline: started, followed, and each step as SageMaker tells of it."""

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from cli.account import Account

OPEN = frozenset({"Executing", "Stopping"})
LOOKED_AT = 20  # executions, the newest
READERS = 8
LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of the definition, and what became of it; `after` is the step that it waits for last."""

    name: str
    after: str | None
    state: str = "NotRun"
    seconds: float | None = None
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Executing, Succeeded, Failed or Stopped; `reason` of a failure."""

    id: str
    arn: str
    state: str
    started_at: datetime
    seconds: float | None
    commit: str
    reason: str

    def told(self) -> dict[str, Any]:
        """As a table and JSON have it."""
        return {
            "execution": self.id,
            "state": self.state,
            "commit": self.commit,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "seconds": self.seconds,
            "reason": self.reason,
        }


class Pipeline:
    """The pipeline of one environment."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.name = account.parameter("model_build/pipeline")

    def start(self, parameters: Mapping[str, str], *, commit: str) -> str:
        """Begin an execution; its ARN."""
        listed = [{"Name": name, "Value": value} for name, value in parameters.items()]
        with self.account.asked():
            started = self.client.start_pipeline_execution(
                PipelineName=self.name,
                PipelineExecutionDisplayName=f"commit-{commit[:12]}",
                PipelineParameters=listed,
                ClientRequestToken=str(uuid.uuid4()),
            )
        return str(started["PipelineExecutionArn"])

    def executions(self) -> list[Execution]:
        """The newest first."""
        asked = {"PipelineName": self.name, "SortOrder": "Descending", "MaxResults": LOOKED_AT}
        with self.account.asked():
            found = self.client.list_pipeline_executions(**asked)["PipelineExecutionSummaries"]
        with ThreadPoolExecutor(READERS) as readers:
            return list(readers.map(self.one, [summary["PipelineExecutionArn"] for summary in found]))

    def arn_of(self, name: str) -> str:
        """An execution's ARN, from its id or itself."""
        if name.startswith("arn:"):
            return name
        with self.account.asked():
            pipeline = self.client.describe_pipeline(PipelineName=self.name)["PipelineArn"]
        return f"{pipeline}/execution/{name}"

    def one(self, arn: str) -> Execution:
        """How an execution stands."""
        with self.account.asked():
            found = self.client.describe_pipeline_execution(PipelineExecutionArn=arn)
        state = found["PipelineExecutionStatus"]
        over = state not in OPEN
        return Execution(
            id=arn.rpartition("/")[2],
            arn=arn,
            state=state,
            started_at=found["CreationTime"],
            seconds=_seconds(found["CreationTime"], found["LastModifiedTime"]) if over else None,
            commit=found.get("PipelineExecutionDisplayName", "").removeprefix("commit-"),
            reason=self._reason(arn, found.get("FailureReason", "")) if state == "Failed" else "",
        )

    def steps(self, arn: str) -> list[Step]:
        """Every step that its definition has, those that did not run too."""
        with self.account.asked():
            told = self.client.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        ran = self._ran(arn)
        return [_step(name, after, ran.get(name)) for name, after in _order(json.loads(told["PipelineDefinition"]))]

    def follow(self, arn: str) -> Iterator[tuple[Execution, list[Step]]]:
        """How it stands, again and again until it is over."""
        while True:
            execution = self.one(arn)
            yield execution, self.steps(arn)
            if execution.state not in OPEN:
                return
            time.sleep(LOOK_AGAIN_SECONDS)

    def _ran(self, arn: str) -> dict[str, dict[str, Any]]:
        with self.account.asked():
            pages = self.client.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn)
            return {one["StepName"]: one for page in pages for one in page["PipelineExecutionSteps"]}

    def _reason(self, arn: str, told: str) -> str:
        """What the steps say that failed; SageMaker itself says only that some have."""
        failed = [f"{name}: {_said(ran)}" for name, ran in self._ran(arn).items() if ran["StepStatus"] == "Failed"]
        return "; ".join(failed) or " ".join(told.split())

    @cached_property
    def client(self) -> Any:
        return self.account.client("sagemaker")


def _order(definition: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Each step's name, and the last of those before it that it needs."""
    found: list[tuple[str, str | None]] = []
    for step in definition["Steps"]:
        arguments = step["Arguments"]
        branches = [inner for branch in ("IfSteps", "ElseSteps") for inner in arguments.get(branch, [])]
        own = json.dumps({**arguments, "IfSteps": [], "ElseSteps": []})
        needed = [name for name, _ in found if f"Steps.{name}." in own or name in step.get("DependsOn", [])]
        found.append((step["Name"], needed[-1] if needed else None))
        found += [(inner["Name"], step["Name"]) for inner in branches]
    return found


def _step(name: str, after: str | None, ran: dict[str, Any] | None) -> Step:
    if ran is None:
        return Step(name=name, after=after)
    seconds = _seconds(ran["StartTime"], ran["EndTime"]) if {"StartTime", "EndTime"} <= ran.keys() else None
    return Step(name=name, after=after, state=ran["StepStatus"], seconds=seconds, said=_said(ran))


def _said(ran: dict[str, Any]) -> str:
    """Why it failed, or what came of it."""
    if reason := ran.get("FailureReason"):
        return " ".join(str(reason).split())
    if cached := ran.get("CacheHitResult"):
        return f"as in {cached['SourcePipelineExecutionArn'].rpartition('/')[2]}"
    metadata = ran.get("Metadata", {})
    if outcome := metadata.get("Condition", {}).get("Outcome"):
        return str(outcome).lower()
    if package := metadata.get("RegisterModel", {}).get("Arn"):
        return f"version {package.rpartition('/')[2]}"
    return ""


def _seconds(begun: datetime, ended: datetime) -> float:
    return round((ended - begun).total_seconds(), 1)
