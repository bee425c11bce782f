"""A CreateProcessingJob request in, the job as DescribeProcessingJob, lists and events tell it out."""

import copy
import time
from pathlib import PurePosixPath

from local import parameters
from local.models import InvalidRecord, Record
from local.seams import account

HOME = PurePosixPath("/opt/ml/processing")
LONGEST_SECONDS = 86_400
_TIMES = ("CreationTime", "LastModifiedTime", "ProcessingStartTime", "ProcessingEndTime")
_SUMMARY = ("ProcessingJobName", "ProcessingJobArn", "ProcessingJobStatus", "FailureReason", "ExitMessage", *_TIMES)
_INPUT_DEFAULTS = {"S3InputMode": "File", "S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None"}


class InUse(InvalidRecord):
    """A job's name that another job has or had."""

    code = "ResourceInUse"


def job_arn(name: str) -> str:
    """The ARN of a job, in which names are the same whatever their case."""
    return account.arn("sagemaker", f"processing-job/{name.lower()}")


def checked(operation: str, ask: Record) -> Record:
    """The parameters of a request, if SageMaker takes them."""
    if report := parameters.report("sagemaker", operation, ask):
        raise InvalidRecord(report)
    if broken := parameters.broken("sagemaker", operation, ask):
        plural = "s" if len(broken) > 1 else ""
        raise InvalidRecord(f"{len(broken)} validation error{plural} detected: {'; '.join(broken)}")
    return ask


def new_job(ask: Record) -> Record:
    """The job that a checked request makes."""
    detail = copy.deepcopy({name: value for name, value in ask.items() if name != "Tags"})
    _check_cluster(detail["ProcessingResources"]["ClusterConfig"])
    for one in detail.setdefault("ProcessingInputs", []):
        _complete_input(one)
    for one in detail.get("ProcessingOutputConfig", {}).get("Outputs", []):
        _complete_output(one)
    now = time.time()
    return {
        "StoppingCondition": {"MaxRuntimeInSeconds": LONGEST_SECONDS},
        **detail,
        "ProcessingJobArn": job_arn(ask["ProcessingJobName"]),
        "ProcessingJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }


def summary(detail: Record) -> Record:
    """The job as ListProcessingJobs tells it."""
    return {name: detail[name] for name in _SUMMARY if name in detail}


def event(detail: Record, tags: Record) -> Record:
    """The job as its events tell it."""
    times = {name: int(detail[name] * 1000) for name in _TIMES if name in detail}
    return {**detail, **times, "Tags": tags}


def _check_cluster(cluster: Record) -> None:
    if "InstancePreferences" in cluster:
        raise InvalidRecord("The laptop takes InstanceType and InstanceCount, no InstancePreferences.")
    if "InstanceType" not in cluster or cluster.get("InstanceCount") != 1:
        raise InvalidRecord(
            f"The laptop runs processing jobs with InstanceCount 1 and an InstanceType only, not {cluster}."
        )


def _complete_input(one: Record) -> None:
    """Add what SageMaker takes for granted to an input that the laptop can bring."""
    name, source = one["InputName"], one.get("S3Input")
    if source is None or one.get("AppManaged"):
        raise InvalidRecord(f"The input {name} needs an S3Input that is not AppManaged: the laptop knows no other.")
    one.setdefault("AppManaged", False)
    source.update({**_INPUT_DEFAULTS, **source})
    for key, only in (("S3DataType", "S3Prefix"), ("S3InputMode", "File"), ("S3CompressionType", "None")):
        if source[key] != only:
            raise InvalidRecord(f"The input {name} has the {key} {source[key]}, but the laptop knows {only} only.")
    _check_place(f"input {name}", source)


def _complete_output(one: Record) -> None:
    name, target = one["OutputName"], one.get("S3Output")
    if target is None or one.get("AppManaged"):
        raise InvalidRecord(f"The output {name} needs an S3Output that is not AppManaged: the laptop knows no other.")
    one.setdefault("AppManaged", False)
    if target["S3UploadMode"] != "EndOfJob":
        raise InvalidRecord(f"The output {name} is uploaded continuously, but the laptop knows EndOfJob only.")
    _check_place(f"output {name}", target)


def _check_place(what: str, place: Record) -> None:
    local = PurePosixPath(place.get("LocalPath", ""))
    if HOME not in local.parents or ".." in local.parts:
        raise InvalidRecord(f"The LocalPath of the {what} must begin with {HOME}/, not be {str(local)!r}.")
    if not place["S3Uri"].startswith("s3://"):
        raise InvalidRecord(f"The S3Uri of the {what} must begin with s3://, not be {place['S3Uri']!r}.")
