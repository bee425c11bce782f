"""This slice's AWS clients, made once per process and only when first used."""

from functools import cache
from typing import TYPE_CHECKING

import boto3

from loupe.clients import PATIENT, s3, sns, table

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime.client import SageMakerRuntimeClient

__all__ = ["s3", "sagemaker_runtime", "sns", "table"]


@cache
def sagemaker_runtime() -> "SageMakerRuntimeClient":
    return boto3.client("sagemaker-runtime", config=PATIENT)
