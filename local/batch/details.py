"""A submission and its definition in, the job as DescribeJobs and events tell it out; and how attempts end in it."""

import copy
import time
import uuid
from typing import Any

from local.batch import retries, tasks
from local.batch.requests import Record, Refused
from local.batch.retries import Ended
from local.seams import account

_NOT_HERE = (
    "arrayProperties",
    "dependsOn",
    "nodeOverrides",
    "eksPropertiesOverride",
    "consumableResourcePropertiesOverride",
    "shareIdentifier",
)
_TAKEN = ("retryStrategy", "timeout", "propagateTags")
_SUMMARY = ("jobArn", "jobId", "jobName", "createdAt", "status", "statusReason", "startedAt", "stoppedAt")


def new_job(ask: Record, definition: Record, queue: Record) -> Record:
    """The job that a submission makes."""
    if unknown := [name for name in _NOT_HERE if name in ask]:
        raise Refused(f"The laptop's Batch does not take {', '.join(unknown)}.")
    job_id = str(uuid.uuid4())
    parameters = {**definition.get("parameters", {}), **ask.get("parameters", {})}
    detail: Record = {
        **{name: source[name] for source in (definition, ask) for name in _TAKEN if name in source},
        **_task(ask, definition, parameters),
        "jobId": job_id,
        "jobArn": account.arn("batch", f"job/{job_id}"),
        "jobName": ask["jobName"],
        "jobQueue": queue["jobQueueArn"],
        "jobDefinition": definition["jobDefinitionArn"],
        "status": "SUBMITTED",
        "createdAt": now_ms(),
        "attempts": [],
        "dependsOn": [],
        "parameters": parameters,
        "tags": ask.get("tags", {}),
        "platformCapabilities": definition["platformCapabilities"],
    }
    detail.setdefault("retryStrategy", {"attempts": 1, "evaluateOnExit": []})
    check_limits(detail)
    tasks.check_size(tasks.task_of(detail))
    return detail


def check_limits(record: Record) -> None:
    """Refuse retries and time limits that Batch would refuse."""
    retries.check(record.get("retryStrategy", {}))
    if int(record.get("timeout", {}).get("attemptDurationSeconds", 60)) < 60:
        raise Refused("timeout: attemptDurationSeconds must be at least 60.")


def begin_attempt(detail: Record, *, log_stream: str, task_id: str) -> None:
    """Note where the attempt that starts now runs and writes."""
    task, container = tasks.parts(detail)
    task["taskArn"] = account.arn("ecs", f"task/batch/{task_id}")
    container["logStreamName"] = log_stream
    for stale in ("exitCode", "reason"):
        container.pop(stale, None)


def end_attempt(detail: Record, ended: Ended) -> None:
    """Note how the attempt ended."""
    task, container = tasks.parts(detail)
    container.update(_outcome(ended))
    told: Record = {name: container[name] for name in ("exitCode", "reason", "logStreamName") if name in container}
    where: Record = {name: task[name] for name in ("taskArn",) if name in task}
    attempt: Record = {name: detail[name] for name in ("startedAt",) if name in detail}
    attempt |= {"stoppedAt": now_ms(), "statusReason": ended.status_reason}
    if "ecsProperties" in detail:
        named = {"name": container.get("name", "default"), **told, "networkInterfaces": []}
        attempt["taskProperties"] = [{**where, "containers": [named]}]
    else:
        attempt["container"] = {**where, **told, "networkInterfaces": []}
    detail["attempts"] = [*detail["attempts"], attempt]


def summary(detail: Record) -> Record:
    """The job as ListJobs tells it."""
    _, container = tasks.parts(detail)
    outcome = {name: container[name] for name in ("exitCode", "reason") if name in container}
    listed = {name: detail[name] for name in _SUMMARY if name in detail}
    return {**listed, "jobDefinition": detail["jobDefinition"], **({"container": outcome} if outcome else {})}


def now_ms() -> int:
    """The time, as Batch tells it."""
    return int(time.time() * 1000)


def _task(ask: Record, definition: Record, parameters: dict[str, str]) -> Record:
    """The job's own copy of its definition's task, with what the submission changes."""
    properties, override = _override(ask, definition)
    tasks.check_names([one["name"] for one in override.get("environment", [])])
    if properties == "containerProperties":
        return {"container": tasks.overridden(definition[properties], override, parameters)}
    copied: Record = copy.deepcopy(definition[properties])
    [task] = copied["taskProperties"]
    [container] = task["containers"]
    if override.get("name", container.get("name")) != container.get("name"):
        raise Refused(f"ecsPropertiesOverride names the container {override['name']}, which there is not.")
    task["containers"] = [tasks.overridden(container, override, parameters)]
    return {properties: copied}


def _override(ask: Record, definition: Record) -> tuple[str, Record]:
    if "ecsProperties" in definition:
        if "containerOverrides" in ask:
            raise Refused("containerOverrides must not be used with a job definition that has ecsProperties.")
        tasks_asked = ask.get("ecsPropertiesOverride", {}).get("taskProperties", [])
        containers = [container for task in tasks_asked for container in task.get("containers", [])]
        if len(containers) > 1:
            raise Refused("ecsPropertiesOverride names more containers than the job definition has.")
        return "ecsProperties", next(iter(containers), {})
    if "ecsPropertiesOverride" in ask:
        raise Refused("ecsPropertiesOverride must not be used with a job definition that has containerProperties.")
    return "containerProperties", ask.get("containerOverrides", {})


def _outcome(ended: Ended) -> dict[str, Any]:
    outcome = {"exitCode": ended.exit_code, "reason": ended.reason}
    return {name: value for name, value in outcome.items() if value is not None}
