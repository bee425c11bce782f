"""The operations of processing jobs: what each needs the caller's permission for, and what it answers."""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

from local import parameters
from local.models import InvalidRecord, Record
from local.processing import details
from local.processing.jobs import Jobs

PAGE = 10
_SORTED_BY = {"Name": "ProcessingJobName", "CreationTime": "CreationTime", "Status": "ProcessingJobStatus"}


class Need(NamedTuple):
    """Something that a caller must be allowed to do."""

    action: str
    resource: str
    context: dict[str, str] | None = None


class Processing:
    """Processing jobs at SageMaker's door."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self.operations: dict[str, Callable[[Record], Record | None]] = {
            "CreateProcessingJob": self._create,
            "DescribeProcessingJob": self._describe,
            "ListProcessingJobs": self._list,
            "StopProcessingJob": lambda ask: jobs.stop_job(ask["ProcessingJobName"]),
            "AddTags": self._add_tags,
            "ListTags": lambda ask: {"Tags": _listed(jobs.tag(_job_of(ask), {}))},
        }

    def answer(self, operation: str, ask: Record) -> Record:
        """Answer one request."""
        return self.operations[operation](details.checked(operation, ask)) or {}

    def needs(self, operation: str, ask: Record) -> list[Need]:
        """What the caller of an operation must be allowed to do."""
        action = f"sagemaker:{operation}"
        if operation in {"AddTags", "ListTags"}:
            return [Need(action, str(ask.get("ResourceArn", "*")))]
        if operation == "ListProcessingJobs":
            return [Need(action, "*")]
        job = details.job_arn(str(ask.get("ProcessingJobName", "")))
        if operation != "CreateProcessingJob":
            return [Need(action, job)]
        tagging = [Need("sagemaker:AddTags", job)] if ask.get("Tags") else []
        passed = {"iam:PassedToService": "sagemaker.amazonaws.com"}
        return [Need(action, job), *tagging, Need("iam:PassRole", str(ask.get("RoleArn", "*")), passed)]

    def _create(self, ask: Record) -> Record:
        return {"ProcessingJobArn": self._jobs.create(ask).detail["ProcessingJobArn"]}

    def _describe(self, ask: Record) -> Record:
        return copy.deepcopy(self._jobs.find(ask["ProcessingJobName"]).detail)

    def _list(self, ask: Record) -> Record:
        found = [job.detail for job in self._jobs.every() if _wanted(job.detail, ask)]
        key, down = _SORTED_BY[ask.get("SortBy", "CreationTime")], ask.get("SortOrder", "Descending") == "Descending"
        ordered = sorted(found, key=lambda detail: detail[key], reverse=down)
        start, size = int(ask.get("NextToken", 0)), int(ask.get("MaxResults", PAGE))
        listed, more = parameters.part(ordered, start=start, size=size)
        summaries = [details.summary(detail) for detail in listed]
        return {"ProcessingJobSummaries": summaries, **({"NextToken": more} if more else {})}

    def _add_tags(self, ask: Record) -> Record:
        return {"Tags": _listed(self._jobs.tag(_job_of(ask), {one["Key"]: one["Value"] for one in ask["Tags"]}))}


def _wanted(detail: Record, ask: Record) -> bool:
    tests: dict[str, Callable[[Any], bool]] = {
        "NameContains": lambda text: text in detail["ProcessingJobName"],
        "StatusEquals": lambda status: status == detail["ProcessingJobStatus"],
        "CreationTimeAfter": lambda time: detail["CreationTime"] > time,
        "CreationTimeBefore": lambda time: detail["CreationTime"] < time,
        "LastModifiedTimeAfter": lambda time: detail["LastModifiedTime"] > time,
        "LastModifiedTimeBefore": lambda time: detail["LastModifiedTime"] < time,
    }
    return all(test(ask[name]) for name, test in tests.items() if name in ask)


def _job_of(ask: Record) -> str:
    arn = str(ask["ResourceArn"])
    if ":processing-job/" not in arn:
        raise InvalidRecord(f"The laptop keeps tags of processing jobs only, not of {arn}.")
    return arn


def _listed(tags: dict[str, str]) -> list[Record]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
