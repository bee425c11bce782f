"""A job definition or a job in, the one task that it runs out, whichever of its two shapes Batch knows it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.batch.requests import Record, Refused

STOP_SECONDS = 30
LONGEST_STOP_SECONDS = 120
DEFAULT_GROUP = "/aws/batch/job"
# vCPUs → the MiB that Fargate combines with them.
SIZES: Mapping[float, Sequence[int]] = {
    0.25: (512, 1024, 2048),
    0.5: range(1024, 4097, 1024),
    1: range(2048, 8193, 1024),
    2: range(4096, 16385, 1024),
    4: range(8192, 30721, 1024),
    8: range(16384, 61441, 4096),
    16: range(32768, 122881, 8192),
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """What one attempt runs: one container and the roles around it."""

    container: str
    image: str
    command: tuple[str, ...]
    environment: dict[str, str]
    secrets: dict[str, str]
    execution_role: str
    job_role: str
    vcpus: float
    memory_mib: float
    stop_seconds: float
    log_options: dict[str, str]
    log_driver: str


def task_of(record: Record) -> Task:
    """The task of a job definition or of a job."""
    task, container = parts(record)
    logging = container.get("logConfiguration", {})
    needs = {one["type"]: one["value"] for one in container.get("resourceRequirements", [])}
    return Task(
        container=container.get("name", "default"),
        image=container.get("image", ""),
        command=tuple(container.get("command", [])),
        environment=_pairs(container.get("environment", []), "value"),
        secrets=_pairs(container.get("secrets", []), "valueFrom"),
        execution_role=task.get("executionRoleArn", ""),
        job_role=task.get("taskRoleArn") or task.get("jobRoleArn", ""),
        vcpus=float(needs.get("VCPU", 0)),
        memory_mib=float(needs.get("MEMORY", 0)),
        stop_seconds=float(container.get("stopTimeout", STOP_SECONDS)),
        log_options=logging.get("options", {}),
        log_driver=logging.get("logDriver", "awslogs"),
    )


def parts(record: Record) -> tuple[Record, Record]:
    """What a record says of its task and of its container; in the older shape one place says both."""
    if "ecsProperties" in record:
        [task] = record["ecsProperties"]["taskProperties"]
        [container] = task["containers"]
        return task, container
    both: Record = record.get("container") or record.get("containerProperties", {})
    return both, both


def check(record: Record) -> None:
    """Refuse a task that Fargate or this laptop would not run."""
    _check_shape(record)
    task = task_of(record)
    if not task.execution_role:
        raise Refused("Fargate jobs need an executionRoleArn.")
    if task.log_driver != "awslogs":
        raise Refused(f"The laptop knows the log driver awslogs only, not {task.log_driver}.")
    if not 2 <= task.stop_seconds <= LONGEST_STOP_SECONDS:
        raise Refused(f"stopTimeout must be between 2 and {LONGEST_STOP_SECONDS} seconds on Fargate.")
    check_names([*task.environment, *task.secrets])
    check_size(task)


def check_names(names: Sequence[str]) -> None:
    """Refuse variables that Batch keeps for itself."""
    if reserved := [name for name in names if name.startswith("AWS_BATCH")]:
        raise Refused(f"Environment variables cannot start with AWS_BATCH: {', '.join(reserved)}.")


def check_size(task: Task) -> None:
    """Refuse vCPUs and memory that Fargate does not combine."""
    if task.memory_mib not in SIZES.get(task.vcpus, ()):
        raise Refused(f"Fargate does not combine {task.vcpus:g} vCPU with {task.memory_mib:g} MiB.")


def overridden(container: Record, override: Record, parameters: Mapping[str, str]) -> Record:
    """A container with what a submission changes, and its command's `Ref::` words replaced."""
    command = override.get("command") or container.get("command", [])
    return {
        **container,
        "command": [_replaced(word, parameters) for word in command],
        "environment": _merged(container, override, "environment", "name"),
        "resourceRequirements": _merged(container, override, "resourceRequirements", "type"),
    }


def _check_shape(record: Record) -> None:
    if record.get("type", "").lower() != "container":
        raise Refused("The laptop runs job definitions of type container only.")
    if record.get("platformCapabilities") != ["FARGATE"]:
        raise Refused("The laptop runs job definitions with the platform capability FARGATE only.")
    if ("containerProperties" in record) == ("ecsProperties" in record):
        raise Refused("A job definition needs either containerProperties or ecsProperties.")
    tasks = record.get("ecsProperties", {}).get("taskProperties", [{"containers": [None]}])
    if len(tasks) != 1 or len(tasks[0]["containers"]) != 1:
        raise Refused("The laptop runs one task with one container.")


def _merged(container: Record, override: Record, list_name: str, key: str) -> list[Any]:
    merged = {one[key]: one for one in [*container.get(list_name, []), *override.get(list_name, [])]}
    return list(merged.values())


def _replaced(word: str, parameters: Mapping[str, str]) -> str:
    return parameters.get(word.removeprefix("Ref::"), word) if word.startswith("Ref::") else word


def _pairs(listed: list[dict[str, str]], value: str) -> dict[str, str]:
    return {one["name"]: one.get(value, "") for one in listed}
