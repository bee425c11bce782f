"""Compute environments, job queues and job definitions: records kept on disk."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local.batch import details, tasks
from local.batch.requests import Record, Refused
from local.programs import Programs
from local.seams import account

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
CAPACITIES = ("FARGATE", "FARGATE_SPOT")


@dataclass
class Records:
    """What survives a restart: by name, definitions by name and revision."""

    environments: dict[str, Record] = field(default_factory=dict)
    queues: dict[str, Record] = field(default_factory=dict)
    definitions: dict[str, Record] = field(default_factory=dict)


class Queues:
    """All that jobs are submitted to and placed in."""

    def __init__(self, file: Path, programs: Programs) -> None:
        self._file, self._programs = file, programs
        self._lock = threading.RLock()
        self.records = Records(**json.loads(file.read_text())) if file.exists() else Records()
        self.on_change: Callable[[], None] = lambda: None

    def add_environment(self, ask: Record) -> Record:
        """Keep a compute environment of Fargate."""
        resources = ask.get("computeResources", {})
        if ask["type"].upper() != "MANAGED" or resources.get("type") not in CAPACITIES:
            raise Refused("The laptop knows managed compute environments of FARGATE and FARGATE_SPOT only.")
        name = _new(self.records.environments, ask["computeEnvironmentName"])
        record = {"state": "ENABLED", "tags": {}, **ask, "type": "MANAGED", **_valid("ComputeEnvironment")}
        arn = account.arn("batch", f"compute-environment/{name}")
        return self._keep(self.records.environments, name, {**record, "computeEnvironmentArn": arn})

    def change_environment(self, ask: Record) -> Record:
        """Change what may change of a compute environment: its state, its size, its network."""
        record = self.environment(ask["computeEnvironment"])
        resources = {**record["computeResources"], **ask.get("computeResources", {})}
        changes: Record = {name: ask[name] for name in ("state", "serviceRole") if name in ask}
        name = record["computeEnvironmentName"]
        return self._keep(self.records.environments, name, {**record, **changes, "computeResources": resources})

    def remove_environment(self, name: str) -> None:
        """Forget a compute environment that no queue uses."""
        record = self.environment(name)
        if any(_uses(queue, record) for queue in self.records.queues.values()):
            raise Refused(f"Cannot delete, found existing JobQueue relationship: {record['computeEnvironmentName']}")
        self._drop(self.records.environments, record["computeEnvironmentName"])

    def add_queue(self, ask: Record) -> Record:
        """Keep a job queue."""
        name = _new(self.records.queues, ask["jobQueueName"])
        arn = account.arn("batch", f"job-queue/{name}")
        record = {"state": "ENABLED", "tags": {}, **ask, **_valid("JobQueue"), "jobQueueArn": arn}
        return self._keep(self.records.queues, name, self._with_environments(record))

    def change_queue(self, ask: Record) -> Record:
        """Change what may change of a job queue."""
        record = self.queue(ask["jobQueue"])
        changes = {name: value for name, value in ask.items() if name in record.keys() | {"jobStateTimeLimitActions"}}
        changed = self._with_environments({**record, **changes})
        return self._keep(self.records.queues, record["jobQueueName"], changed)

    def remove_queue(self, name: str) -> None:
        """Forget a job queue."""
        self._drop(self.records.queues, self.queue(name)["jobQueueName"])

    def add_definition(self, ask: Record) -> Record:
        """Keep another revision of a job definition whose image is one of ours."""
        tasks.check(ask)
        details.check_limits(ask)
        self._programs.program(tasks.task_of(ask).image, ())
        name = _named(ask["jobDefinitionName"])
        with self._lock:
            revision = 1 + sum(one["jobDefinitionName"] == name for one in self.records.definitions.values())
            arn = account.arn("batch", f"job-definition/{name}:{revision}")
            made = {"jobDefinitionArn": arn, "revision": revision, "status": "ACTIVE"}
            return self._keep(self.records.definitions, f"{name}:{revision}", {"tags": {}, **ask, **made})

    def retire_definition(self, name: str) -> None:
        """Take a revision out of use; jobs that have it go on."""
        record = self.definition(name)
        key = f"{record['jobDefinitionName']}:{record['revision']}"
        self._keep(self.records.definitions, key, {**record, "status": "INACTIVE"})

    def environment(self, name: str) -> Record:
        """A compute environment by its name or ARN."""
        return _found(self.records.environments, name)

    def queue(self, name: str) -> Record:
        """A job queue by its name or ARN."""
        return _found(self.records.queues, name)

    def definition(self, name: str) -> Record:
        """An active definition by its ARN, its name with a revision, or its name: then the latest."""
        plain, _, revision = name.rpartition("/")[2].partition(":")
        active = [
            one
            for one in self.records.definitions.values()
            if one["status"] == "ACTIVE"
            and one["jobDefinitionName"] == plain
            and revision in {"", str(one["revision"])}
        ]
        if not active:
            raise Refused(f"Job definition {name} does not exist or is inactive.")
        return active[-1]

    def _with_environments(self, queue: Record) -> Record:
        """A queue whose compute environments exist, in order, each by its ARN."""
        order = sorted(queue.get("computeEnvironmentOrder", []), key=lambda one: int(one["order"]))
        if not order:
            raise Refused("A job queue needs a computeEnvironmentOrder.")
        named = [
            {**one, "computeEnvironment": self.environment(one["computeEnvironment"])["computeEnvironmentArn"]}
            for one in order
        ]
        return {**queue, "computeEnvironmentOrder": named}

    def _keep(self, records: dict[str, Record], name: str, record: Record) -> Record:
        with self._lock:
            records[name] = record
            self._save()
        self.on_change()
        return record

    def _drop(self, records: dict[str, Record], name: str) -> None:
        with self._lock:
            records.pop(name, None)
            self._save()

    def _save(self) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self.records)))
        draft.replace(self._file)


def _found(records: dict[str, Record], name: str) -> Record:
    try:
        return records[name.rpartition("/")[2]]
    except KeyError:
        raise Refused(f"{name} does not exist.") from None


def _new(records: dict[str, Record], name: str) -> str:
    if name in records:
        raise Refused(f"Object already exists: {name}")
    return _named(name)


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Refused(f"Name should match valid pattern: {name}")
    return name


def _uses(queue: Record, environment: Record) -> bool:
    arns = [one["computeEnvironment"] for one in queue["computeEnvironmentOrder"]]
    return environment["computeEnvironmentArn"] in arns


def _valid(kind: str) -> Record:
    return {"status": "VALID", "statusReason": f"{kind} Healthy"}
