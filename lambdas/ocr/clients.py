"""This slice's AWS clients, made once per process and only when first used."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from loupe.clients import PATIENT, s3, sns, table

if TYPE_CHECKING:
    from mypy_boto3_batch.client import BatchClient

__all__ = ["batch", "batch_once", "s3", "sns", "table"]

_ONCE = PATIENT.merge(Config(retries={"total_max_attempts": 1}))


@cache
def batch() -> "BatchClient":
    return boto3.client("batch", config=PATIENT)


@cache
def batch_once() -> "BatchClient":
    """For SubmitJob, which takes no token: a repeated request would be a second job."""
    return boto3.client("batch", config=_ONCE)
