"""Stands in for Step Functions: takes what its model takes, tells of executions what a test wants told."""

import json
from dataclasses import dataclass, field
from typing import Any

import botocore.session
from botocore.validate import validate_parameters

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:plate-runs"
CAUSE = "shards is at most 64, not 100."  # of an execution that no script lets go further
_MODEL = botocore.session.get_session().get_service_model("stepfunctions")

Step = tuple[str, str | None]  # a status, and the id of a run where one is claimed


@dataclass
class Machine:
    """Executions, oldest first. One that is started goes through the script, a step for each look at it."""

    executions: list[dict[str, Any]] = field(default_factory=list)
    script: list[Step] = field(default_factory=list)

    @property
    def asked(self) -> list[Any]:
        """The inputs of executions that commands started."""
        return [json.loads(one["input"]) for one in self.executions if one["started"]]

    def run(
        self, status: str, *, run_id: str | None = None, cause: str = "", text: str = '{"dataset": "birds"}'
    ) -> None:
        """An execution that is there already."""
        arn = f"{ARN.replace('stateMachine', 'execution')}:execution-{len(self.executions) + 1}"
        execution = {"executionArn": arn, "status": status, "input": text, "run_id": run_id, "started": False}
        self.executions.append({**execution, "cause": cause or None})

    def end(self, status: str, *, cause: str = "") -> None:
        """The newest execution."""
        self.executions[-1] |= {"status": status, "cause": cause or None}

    def start_execution(self, **request: Any) -> dict[str, str]:
        _check("StartExecution", request)
        self.run("RUNNING", text=request["input"], cause=CAUSE)
        self.executions[-1]["started"] = True
        self.script = self.script or [("FAILED", None)]
        return {"executionArn": self.executions[-1]["executionArn"]}

    def describe_execution(self, **request: Any) -> dict[str, Any]:
        _check("DescribeExecution", request)
        execution = self._one(request)
        if execution["started"] and self.script:
            execution["status"], execution["run_id"] = self.script.pop(0)
        return {name: value for name, value in execution.items() if name not in {"run_id", "started"}}

    def get_execution_history(self, **request: Any) -> dict[str, Any]:
        """The run's id is in what its first state came out with."""
        _check("GetExecutionHistory", request)
        execution = self._one(request)
        output = json.dumps({"run": {"run_id": execution["run_id"]}})
        return {"events": [{"type": "TaskStateExited", "stateExitedEventDetails": {"output": output}}]}

    def list_executions(self, **request: Any) -> dict[str, Any]:
        """Newest first, as Step Functions does."""
        _check("ListExecutions", request)
        return {"executions": self.executions[::-1]}

    def _one(self, request: dict[str, Any]) -> dict[str, Any]:
        return next(one for one in self.executions if one["executionArn"] == request["executionArn"])


def _check(operation: str, request: dict[str, Any]) -> None:
    shape = _MODEL.operation_model(operation).input_shape
    assert shape is not None
    validate_parameters(request, shape)
