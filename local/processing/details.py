"""A CreateProcessingJob request in, the job that the laptop can run out."""

import time
from pathlib import PurePosixPath

from local.jobs.names import Names
from local.models import InvalidRecord, Record
from local.programs import Programs

NAMES = Names("Processing")
HOME = PurePosixPath("/opt/ml/processing")
LONGEST_SECONDS = 86_400
_INPUT_DEFAULTS = {"S3InputMode": "File", "S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None"}


def new_job(ask: Record, programs: Programs) -> Record:
    """The job that a checked request makes, if the laptop can run it."""
    _check_cluster(ask["ProcessingResources"]["ClusterConfig"])
    for one in ask.setdefault("ProcessingInputs", []):
        _complete_input(one)
    for one in ask.get("ProcessingOutputConfig", {}).get("Outputs", []):
        _complete_output(one)
    application = ask["AppSpecification"]
    programs.program(application["ImageUri"], *words(application))
    now = time.time()
    return {
        "StoppingCondition": {"MaxRuntimeInSeconds": LONGEST_SECONDS},
        **ask,
        "ProcessingJobArn": NAMES.arn(ask["ProcessingJobName"]),
        "ProcessingJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }


def words(application: Record) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The arguments of a program and the entry point that is not its image's."""
    return tuple(application.get("ContainerArguments", ())), tuple(application.get("ContainerEntrypoint", ()))


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
