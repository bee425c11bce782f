"""The functions' AWS clients, made once per process and only when first used."""

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sns.client import SNSClient

PATIENT = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=3, read_timeout=15)


@cache
def s3() -> "S3Client":
    return boto3.client("s3", config=PATIENT.merge(Config(signature_version="s3v4")))


@cache
def sns() -> "SNSClient":
    return boto3.client("sns", config=PATIENT)


@cache
def table(name: str) -> "Table":
    dynamodb: Any = boto3.resource("dynamodb", config=PATIENT)
    found: Table = dynamodb.Table(name)
    return found
