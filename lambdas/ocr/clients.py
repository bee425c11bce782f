"""AWS clients, made once per process and only when first used."""

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_batch.client import BatchClient
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient

_PATIENT = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=3, read_timeout=15)
_ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=15)


@cache
def s3() -> "S3Client":
    return boto3.client("s3", config=_PATIENT.merge(Config(signature_version="s3v4")))


@cache
def sns() -> "SNSClient":
    return boto3.client("sns", config=_PATIENT)


@cache
def batch() -> "BatchClient":
    return boto3.client("batch", config=_PATIENT)


@cache
def batch_once() -> "BatchClient":
    """For SubmitJob, which takes no token: a repeated request would be a second job."""
    return boto3.client("batch", config=_ONCE)


@cache
def table(name: str) -> "Table":
    dynamodb: Any = boto3.resource("dynamodb", config=_PATIENT)
    found: Table = dynamodb.Table(name)
    return found
