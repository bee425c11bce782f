"""The operations of one kind of job: what each needs the caller's permission for, and what it answers."""

import copy
from collections.abc import Callable

from local.jobs.jobs import Jobs
from local.models import Record
from local.requests import Need, fits, page, to_make


class Service:
    """Jobs of one kind at SageMaker's door."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs, self._names = jobs, jobs.names
        self._name = self._names.of("JobName")
        self._arn, self._status = self._names.of("JobArn"), self._names.of("JobStatus")
        kind = self._names.kind
        self.operations: dict[str, Callable[[Record], Record | None]] = {
            f"Create{kind}Job": lambda ask: {self._arn: jobs.create(ask).arn},
            f"Describe{kind}Job": lambda ask: copy.deepcopy(jobs.find(ask[self._name]).detail),
            f"List{kind}Jobs": self._list,
            f"Stop{kind}Job": lambda ask: jobs.stop_job(ask[self._name]),
        }

    def needs(self, operation: str, ask: Record) -> list[Need]:
        """What the caller of an operation must be allowed to do."""
        action = f"sagemaker:{operation}"
        if operation.startswith("List"):
            return [Need(action, "*")]
        job = self._names.arn(str(ask.get(self._name, "")))
        if not operation.startswith("Create"):
            return [Need(action, job)]
        return to_make(action, job, {"RoleArn": "*", **ask})

    def _list(self, ask: Record) -> Record:
        found = [job.detail for job in self._jobs.every() if self._wanted(job.detail, ask)]
        keys = {"Name": self._name, "CreationTime": "CreationTime", "Status": self._status}
        by, down = keys[ask.get("SortBy", "CreationTime")], ask.get("SortOrder", "Descending") == "Descending"
        listed, more = page(found, ask, by=by, descending=down)
        return {self._names.of("JobSummaries"): [self._names.summary(detail) for detail in listed], **more}

    def _wanted(self, detail: Record, ask: Record) -> bool:
        return fits(
            ask,
            {
                "NameContains": lambda text: text in detail[self._name],
                "StatusEquals": lambda status: status == detail[self._status],
                "CreationTimeAfter": lambda time: detail["CreationTime"] > time,
                "CreationTimeBefore": lambda time: detail["CreationTime"] < time,
                "LastModifiedTimeAfter": lambda time: detail["LastModifiedTime"] > time,
                "LastModifiedTimeBefore": lambda time: detail["LastModifiedTime"] < time,
            },
        )
