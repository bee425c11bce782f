"""This slice's AWS clients, made once per process and only when first used."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from loupe.ahead import THREADS
from loupe.clients import PATIENT, sns

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sagemaker.client import SageMakerClient

__all__ = ["s3", "sagemaker", "sns"]


@cache
def s3() -> "S3Client":
    """With a connection for each thread, and time for large objects."""
    return boto3.client(
        "s3", config=PATIENT.merge(Config(signature_version="s3v4", max_pool_connections=THREADS, read_timeout=60))
    )


@cache
def sagemaker() -> "SageMakerClient":
    return boto3.client("sagemaker", config=PATIENT)
