"""The operations of pipelines: what each needs the caller's permission for, and what it answers."""

from collections.abc import Callable

from local.models import Record
from local.pipelines import pipelines
from local.pipelines.execution import Execution
from local.pipelines.executions import Executions
from local.pipelines.pipelines import NAME, Pipelines
from local.requests import Need, fits, page, to_make

ARN = "PipelineExecutionArn"
_SORTED_BY = {"CreationTime": "CreationTime", ARN: ARN}


class Service:
    """Pipelines and their executions at SageMaker's door."""

    def __init__(self, kept: Pipelines, executions: Executions) -> None:
        self._pipelines, self._executions = kept, executions
        find = executions.find
        self.operations: dict[str, Callable[[Record], Record | None]] = {
            "CreatePipeline": lambda ask: {pipelines.ARN: kept.add(ask)},
            "UpdatePipeline": lambda ask: {pipelines.ARN: kept.update(ask)},
            "DeletePipeline": lambda ask: {pipelines.ARN: kept.remove(ask[NAME])},
            "DescribePipeline": lambda ask: kept.find(ask[NAME]),
            "ListPipelines": kept.list,
            "StartPipelineExecution": self._start,
            "StopPipelineExecution": lambda ask: _named(executions.stop_execution(ask[ARN])),
            "RetryPipelineExecution": self._retry,
            "UpdatePipelineExecution": lambda ask: _named(executions.update(ask)),
            "DescribePipelineExecution": lambda ask: dict(find(ask[ARN]).detail),
            "DescribePipelineDefinitionForExecution": lambda ask: _definition(find(ask[ARN])),
            "ListPipelineExecutions": self._list,
            "ListPipelineExecutionSteps": lambda ask: _steps(find(ask.get(ARN, "")), ask),
            "ListPipelineParametersForExecution": lambda ask: _parameters(find(ask[ARN]), ask),
        }

    def needs(self, operation: str, ask: Record) -> list[Need]:
        """What the caller of an operation must be allowed to do."""
        action = f"sagemaker:{operation}"
        if operation == "ListPipelines":
            return [Need(action, "*")]
        if ARN in ask:
            return [Need(action, str(ask[ARN]))]
        pipeline = pipelines.arn(str(ask.get(NAME, "")))
        if operation in {"CreatePipeline", "UpdatePipeline"}:
            return to_make(action, pipeline, ask)
        return [Need(action, pipeline)]

    def _start(self, ask: Record) -> Record:
        execution = self._executions.start(self._pipelines.find(ask[NAME]), ask)
        self._pipelines.ran(ask[NAME])
        return _named(execution)

    def _retry(self, ask: Record) -> Record:
        most = ask.get("ParallelismConfiguration", {}).get("MaxParallelExecutionSteps")
        return _named(self._executions.retry(ask[ARN], most))

    def _list(self, ask: Record) -> Record:
        every = [one.detail for one in self._executions.of(self._pipelines.find(ask[NAME])[NAME])]
        found = [detail for detail in every if _wanted(detail, ask)]
        by, down = _SORTED_BY[ask.get("SortBy", "CreationTime")], ask.get("SortOrder", "Descending") == "Descending"
        listed, more = page(found, ask, by=by, descending=down)
        return {"PipelineExecutionSummaries": [_summary(detail) for detail in listed], **more}


def _named(execution: Execution) -> Record:
    return {ARN: execution.arn}


def _definition(execution: Execution) -> Record:
    return {"PipelineDefinition": execution.body, "CreationTime": execution.detail["CreationTime"]}


def _steps(execution: Execution, ask: Record) -> Record:
    """The steps that have begun, the last one first."""
    steps = [{"AttemptCount": 0, **step} for step in list(execution.steps.values())]
    listed, more = page(steps, ask, by="StartTime", descending=ask.get("SortOrder", "Descending") == "Descending")
    return {"PipelineExecutionSteps": listed, **more}


def _parameters(execution: Execution, ask: Record) -> Record:
    listed, more = page(execution.listed_parameters(), ask, by="Name", descending=False)
    return {"PipelineParameters": listed, **more}


def _summary(detail: Record) -> Record:
    told = {
        ARN: ARN,
        "StartTime": "CreationTime",
        "PipelineExecutionStatus": "PipelineExecutionStatus",
        "PipelineExecutionDescription": "PipelineExecutionDescription",
        "PipelineExecutionDisplayName": "PipelineExecutionDisplayName",
        "PipelineExecutionFailureReason": "FailureReason",
    }
    return {name: detail[field] for name, field in told.items() if field in detail}


def _wanted(detail: Record, ask: Record) -> bool:
    return fits(
        ask,
        {
            "CreatedAfter": lambda at: detail["CreationTime"] > at,
            "CreatedBefore": lambda at: detail["CreationTime"] < at,
        },
    )
