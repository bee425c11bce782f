"""A CreateTrainingJob request in, the job that the laptop can run out: script mode on a managed image."""

import time

from local import managed_images
from local.jobs.names import Names
from local.models import InvalidRecord, Record
from local.programs import Programs
from local.training.script import PROGRAM, SOURCE, decoded

NAMES = Names("Training")
LONGEST_SECONDS = 86_400
KNOWN = {
    "TrainingJobName",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "HyperParameters",
    "Environment",
    "VpcConfig",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
}
_CHANNEL = {"InputMode": "File", "CompressionType": "None", "RecordWrapperType": "None"}


def new_job(ask: Record, _programs: Programs) -> Record:
    """The job that a checked request makes, if the laptop can run it."""
    if unknown := sorted(ask.keys() - KNOWN):
        raise InvalidRecord(f"The laptop's training jobs know no {', '.join(unknown)}: leave it out.")
    _check_algorithm(ask["AlgorithmSpecification"])
    _check_script(ask.get("HyperParameters", {}))
    _check_cluster(ask.get("ResourceConfig", {}))
    _check_location("S3OutputPath", ask["OutputDataConfig"]["S3OutputPath"])
    _complete_channels(ask.setdefault("InputDataConfig", []))
    _complete_limits(ask)
    now = time.time()
    return {
        **ask,
        "TrainingJobArn": NAMES.arn(ask["TrainingJobName"]),
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": now}],
        "CreationTime": now,
        "LastModifiedTime": now,
    }


def _check_algorithm(algorithm: Record) -> None:
    if unknown := sorted(algorithm.keys() - {"TrainingImage", "TrainingInputMode"}):
        raise InvalidRecord(f"The laptop's training jobs know no {', '.join(unknown)} of an algorithm.")
    image = algorithm.get("TrainingImage", "")
    if not managed_images.managed(image):
        raise InvalidRecord(
            f"The laptop trains on {managed_images.REGISTRY}/sagemaker-scikit-learn and sagemaker-xgboost only, "
            f"not on {image or 'an algorithm without TrainingImage'}."
        )
    if algorithm["TrainingInputMode"] != "File":
        raise InvalidRecord(
            f"The TrainingInputMode is {algorithm['TrainingInputMode']}, but the laptop knows File only."
        )


def _check_script(parameters: Record) -> None:
    for name in (PROGRAM, SOURCE):
        if name not in parameters:
            raise InvalidRecord(f"The HyperParameters have no {name}: the laptop trains in script mode only.")
    program, source = str(decoded(parameters[PROGRAM])), str(decoded(parameters[SOURCE]))
    if "/" in program or not program.endswith(".py"):
        raise InvalidRecord(f"{PROGRAM} must be a Python file at the root of its code, not {program!r}.")
    if not (source.startswith("s3://") and source.endswith(".tar.gz")):
        raise InvalidRecord(f"{SOURCE} must be the s3:// location of a .tar.gz, not {source!r}.")


def _check_cluster(cluster: Record) -> None:
    if "InstanceType" not in cluster or cluster.get("InstanceCount") != 1:
        raise InvalidRecord(
            f"The laptop runs training jobs with InstanceCount 1 and an InstanceType only, not {cluster}."
        )


def _complete_channels(channels: list[Record]) -> None:
    names = [one["ChannelName"] for one in channels]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidRecord(f"The channels {', '.join(twice)} are there more than once.")
    for one in channels:
        name, source = one["ChannelName"], one["DataSource"].get("S3DataSource")
        if source is None or source["S3DataType"] != "S3Prefix":
            raise InvalidRecord(f"The channel {name} needs an S3DataSource of the type S3Prefix.")
        _check_location(f"S3Uri of the channel {name}", source["S3Uri"])
        source.setdefault("S3DataDistributionType", "FullyReplicated")
        for key, only in _CHANNEL.items():
            if one.setdefault(key, only) != only:
                raise InvalidRecord(f"The channel {name} has the {key} {one[key]}, but the laptop knows {only} only.")


def _complete_limits(ask: Record) -> None:
    limits = ask.setdefault("StoppingCondition", {})
    run, wait = limits.setdefault("MaxRuntimeInSeconds", LONGEST_SECONDS), limits.get("MaxWaitTimeInSeconds")
    spot = ask.get("EnableManagedSpotTraining", False)
    if spot and (wait is None or wait < run):
        raise InvalidRecord(f"Spot training needs a MaxWaitTimeInSeconds of at least MaxRuntimeInSeconds, {run}.")
    if wait is not None and not spot:
        raise InvalidRecord("MaxWaitTimeInSeconds is for jobs with EnableManagedSpotTraining only.")


def _check_location(what: str, location: str) -> None:
    if not location.startswith("s3://"):
        raise InvalidRecord(f"The {what} must begin with s3://, not be {location!r}.")
