"""Executions of state machines: what their tasks do and as whom, how they end, which roles they may have."""

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

from local.seams.account import REGION, Answer, Properties

INTEGRATION = "arn:aws:states:::"
ENDS = ("ExecutionAborted", "ExecutionFailed", "ExecutionSucceeded")
Record = dict[str, Any]


class Abandoned(SystemExit):
    """Ends the thread of a stopped execution; no Retry and no Catch applies to it."""


class Task:
    """A Task state at work."""

    def __init__(self, state: Record, execution: Record) -> None:
        self._execution = execution
        self.role = _role_of(execution)
        self.execution = str(execution["executionArn"])
        self.seconds: float | None = state.get("TimeoutSeconds")
        self.scheduled: Record = {}

    @property
    def goes_on(self) -> bool:
        """Whether the execution still runs."""
        return bool(self._execution["status"] == "RUNNING")


_current: ContextVar[Task] = ContextVar("task")


def task_failure(error: str, cause: str) -> Exception:
    """What fails a task for its Retry and Catch to see."""
    failure: Exception = stepfunctions._ExecutionError(error, cause)
    return failure


def before_tasks(check: Callable[[Task, str, Any], None]) -> None:
    """Call `check(task, resource, parameters)` before each attempt of each task; it may raise."""
    execute, invoke = stepfunctions._execute_task, stepfunctions._invoke_resource

    def executed(state: Record, raw_input: Any, execution: Record, ctx: Record) -> Any:
        token = _current.set(Task(state, execution))
        try:
            return execute(state, raw_input, execution, ctx)
        finally:
            _current.reset(token)

    def invoked(resource: str, parameters: Any) -> Any:
        task = _current.get(None)
        if task is None:
            raise task_failure("States.Runtime", f"The laptop's TestState does not invoke {resource}.")
        task.scheduled["parameters"] = json.dumps(parameters)
        check(task, resource, parameters)
        return invoke(resource, parameters)

    stepfunctions._execute_task, stepfunctions._invoke_resource = executed, invoked


def add_task(resource: str, work: Callable[[Task, str, Any], Any]) -> None:
    """Let `work` be what tasks of a resource, in any of its patterns, do."""
    stepfunctions._SERVICE_DISPATCH[resource] = lambda pattern, parameters: work(_current.get(), pattern, parameters)


def keep_history() -> None:
    """Tell tasks whole, and let an execution end once: what its threads do afterwards changes nothing."""
    fail, add_event = stepfunctions._fail_execution, stepfunctions._add_event

    def failed(execution: Record, error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)
            if not execution.get("sync"):
                execution["output"] = None

    def added(execution: Record, kind: str, details: Record | None = None) -> Any:
        ended = [event for event in execution["events"][-1:] if event["type"] in ENDS]
        return ended[0] if ended else _completed(add_event(execution, kind, details))

    stepfunctions._fail_execution, stepfunctions._add_event = failed, added


def _role_of(execution: Record) -> str:
    """The role that an execution started with; a child of a distributed map has that of its machine."""
    for event in execution["events"][:1]:
        return str(event["executionStartedEventDetails"]["roleArn"])
    return str(stepfunctions._state_machines[execution["stateMachineArn"].partition("/")[0]]["roleArn"])


def _completed(event: Record) -> Record:
    """An event of a task with what AWS says in it and ministack does not."""
    for kind in ("taskScheduledEventDetails", "taskSucceededEventDetails", "taskFailedEventDetails"):
        told = event.get(kind, {})
        if str(told.get("resource", "")).startswith(INTEGRATION):
            service, _, verb = told["resource"].removeprefix(INTEGRATION).rpartition(":")
            told |= {"resource": verb, "resourceType": service}
    if "taskScheduledEventDetails" in event:
        _current.get().scheduled = event["taskScheduledEventDetails"]
        _current.get().scheduled |= {"region": REGION, "parameters": "{}"}
    return event


def watch_executions(*, on_change: Callable[[], None], on_stop: Callable[[str], None]) -> None:
    """Call `on_change` when any execution's status has changed, and `on_stop(arn)` for one that was stopped."""
    emit, stop = stepfunctions._emit_execution_status_event, stepfunctions._stop_execution

    def emitted(execution: Record) -> None:
        emit(execution)
        on_change()

    def stopped(ask: Record) -> Answer:
        answer: Answer = stop(ask)
        if answer[0] == 200:
            on_stop(ask["executionArn"])
        return answer

    stepfunctions._emit_execution_status_event, stepfunctions._stop_execution = emitted, stopped


def check_machines(check: Callable[[str, str], None]) -> None:
    """Call `check(role, definition)` before a state machine is made or changed; a ValueError refuses it."""
    create, update = stepfunctions._create_state_machine, stepfunctions._update_state_machine
    handler = provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"]
    make = handler["create"]

    def created(ask: Record) -> Answer:
        return _refusal(check, ask) or create(ask)

    def updated(ask: Record) -> Answer:
        known = stepfunctions._state_machines.get(ask.get("stateMachineArn"), {})
        return _refusal(check, {**known, **ask}) or update(ask)

    def made(logical_id: str, properties: Properties, stack: str) -> Any:
        check(properties["RoleArn"], provisioners._sfn_definition(properties))
        return make(logical_id, properties, stack)

    stepfunctions._create_state_machine, stepfunctions._update_state_machine = created, updated
    handler["create"] = made


def _refusal(check: Callable[[str, str], None], ask: Record) -> Answer | None:
    try:
        check(str(ask.get("roleArn", "")), str(ask.get("definition", "")))
    except ValueError as error:
        refused: Answer = error_response_json("AccessDeniedException", str(error), 400)
        return refused
    return None
