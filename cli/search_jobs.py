"""`loupe search build --in-account`: the same program as a processing job, on files that the project bucket has."""

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from cli.account import Account
from cli.trouble import Trouble
from config import config_for
from containers.search import settings
from lambdas.search.settings import REFERENCE
from loupe import exit_message

_INPUTS = "/opt/ml/processing/input"
_POLL_SECONDS = 1.0
_ENDED = {"Completed", "Failed", "Stopped"}


def run(account: Account, files: dict[str, str], words: list[str]) -> str:
    """Start a job that builds from these files (flag → s3:// address), wait for its end, and give its name."""
    sagemaker = account.client("sagemaker")
    request = _request(account, files, words)
    with account.asked():
        sagemaker.create_processing_job(**request)
        while (job := sagemaker.describe_processing_job(ProcessingJobName=request["ProcessingJobName"]))[
            "ProcessingJobStatus"
        ] not in _ENDED:
            time.sleep(_POLL_SECONDS)
    if job["ProcessingJobStatus"] != "Completed":
        why = job.get("ExitMessage") or job.get("FailureReason") or job["ProcessingJobStatus"]
        raise Trouble(f"The job {job['ProcessingJobName']} has built nothing: {' '.join(why.split())}")
    return str(job["ProcessingJobName"])


def _request(account: Account, files: dict[str, str], words: list[str]) -> dict[str, Any]:
    config = config_for(account.environment)
    size, bucket = config.search, account.parameter("storage/project-bucket")
    outside = [url for url in files.values() if not url.startswith(f"s3://{bucket}/data/")]
    if outside:
        raise Trouble(f"{outside[0]} is not where a job can read: it must begin with s3://{bucket}/data/.")
    return {
        "ProcessingJobName": f"search-{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}",
        "ProcessingInputs": [_input(flag, url) for flag, url in files.items()],
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": size.instance_type,
                "InstanceCount": 1,
                "VolumeSizeInGB": size.volume_gib,
            }
        },
        "AppSpecification": {
            "ImageUri": account.parameter("search/build-image"),
            "ContainerArguments": ["build", *_arguments(files), *words],
        },
        "Environment": {
            settings.REFERENCE: f"s3://{bucket}/{REFERENCE}",
            exit_message.VARIABLE: exit_message.FILE,
            "AWS_DEFAULT_REGION": account.session.region_name,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": size.job_hours * 3600},
        "RoleArn": account.parameter("search/build-role"),
        "Tags": [{"Key": key, "Value": value} for key, value in config.tags.items()],
    }


def _input(flag: str, url: str) -> dict[str, Any]:
    source = {"S3Uri": url, "LocalPath": f"{_INPUTS}/{flag}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": flag, "S3Input": source}


def _arguments(files: dict[str, str]) -> list[str]:
    """Where SageMaker puts each file, behind its flag; the embeddings come first and have none."""
    words = []
    for flag, url in files.items():
        path = f"{_INPUTS}/{flag}/{url.rpartition('/')[2]}"
        words += [path] if flag == "embeddings" else [f"--{flag}", path]
    return words
