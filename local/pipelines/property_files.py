"""JSON files that steps leave in their outputs, read as the pipeline's role."""

import json
import math
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.models import Record
from local.pipelines.expressions import Unresolved
from local.pipelines.paths import follow


def read(s3: Any, step: str, file: Record, made: Record) -> Any:
    """The content of a step's property file."""
    folder = follow(made, f"ProcessingOutputConfig.Outputs['{file['OutputName']}'].S3Output.S3Uri")
    location = f"{folder.rstrip('/')}/{file['FilePath']}"
    bucket, _, key = location.removeprefix("s3://").partition("/")
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (BotoCoreError, ClientError) as error:
        raise Unresolved(f"The property file {location} of the step {step} cannot be read: {error}") from error
    try:
        return strict(body)
    except ValueError as error:
        raise Unresolved(f"The property file {location} of the step {step} is no JSON: {error}") from error


def strict(body: bytes) -> Any:
    """The content of a JSON text; it has neither NaN nor infinities."""
    return json.loads(body, parse_constant=_refused, parse_float=_finite)


def _refused(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _finite(word: str) -> float:
    number = float(word)
    return number if math.isfinite(number) else _refused(word)
