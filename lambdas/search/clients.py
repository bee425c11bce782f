"""This slice's AWS client, made once per process and only when first used."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from loupe.clients import PATIENT
from loupe.rows import IN_FLIGHT

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


@cache
def s3() -> "S3Client":
    """With as many connections as rows are fetched at once."""
    return boto3.client("s3", config=PATIENT.merge(Config(max_pool_connections=IN_FLIGHT)))
