"""What makes a step's job or model package: calls as the pipeline's role, its wait, its end."""

import hashlib
import json
import re
import secrets
import string
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from local.models import Record
from local.pipelines import retries
from local.pipelines.kinds import Maker

EXECUTION_TAG = "sagemaker:pipeline-execution-arn"
_LETTERS = string.ascii_letters + string.digits
_LONGEST_NAME = 63


class Refused(Exception):
    """A call that SageMaker did not take, or a job that failed; `error` is what retry policies call it."""

    def __init__(self, reason: str, error: str) -> None:
        super().__init__(reason)
        self.error = error


class Made(NamedTuple):
    """What a step has made."""

    arn: str
    properties: Record


class Caller:
    """SageMaker, called as the role of a pipeline."""

    def __init__(self, sagemaker: Any, kind: Maker) -> None:
        self._sagemaker, self._kind = sagemaker, kind

    def create(self, arguments: Record) -> str:
        """Make it; answer its ARN."""
        return str(self._call(self._kind.create, arguments)[f"{self._kind.made}Arn"])

    def describe(self, arn: str) -> Record:
        """What has become of it; no retry policy is for this, for it would make the same again."""
        name = arn.rpartition("/")[2] if self._kind.named else arn
        try:
            return _plain(self._call(self._kind.describe, {self._kind.name: name}))
        except Refused as error:
            raise Refused(str(error), "") from error

    def stop(self, name: str) -> None:
        """Ask a job to stop."""
        self._call(f"Stop{self._kind.made}", {self._kind.name: name})

    def _call(self, operation: str, arguments: Record) -> Record:
        refused = f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: "
        try:
            answer: Record = getattr(self._sagemaker, xform_name(operation))(**arguments)
        except ClientError as error:
            told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            raise Refused(f"{refused}{told['Message']}", retries.of_call(told["Code"], status)) from error
        except ParamValidationError as error:
            raise Refused(f"{refused}{error}", "") from error
        except BotoCoreError as error:
            raise Refused(f"{refused}{error}", retries.FAULT) from error
        return answer


def fresh_name(execution: str, step: str) -> str:
    """The name of a step's job, as SageMaker's pipelines name it."""
    words, end = re.sub(r"[^A-Za-z0-9]+", "-", step).strip("-"), "".join(secrets.choice(_LETTERS) for _ in range(10))
    room = _LONGEST_NAME - len(f"pipelines-{execution}--{end}")
    return f"pipelines-{execution}-{words[:room].strip('-')}-{end}"


def token(execution: str, step: str) -> str:
    """What makes a step's registration the same, however often it is asked for in one execution."""
    return f"{execution}-{hashlib.sha256(step.encode()).hexdigest()[:20]}"


def ended_well(kind: Maker, described: Record) -> Record:
    """The description of a job that has completed."""
    status, reason = described[f"{kind.made}Status"], described.get("FailureReason", "")
    if status != "Completed":
        raise Refused(reason or f"The job is {status}.", retries.of_job(reason))
    return described


def _plain(answer: Record) -> Record:
    """An SDK's answer, without its metadata, with times as text."""
    content = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    told: Record = json.loads(json.dumps(content, default=lambda moment: moment.isoformat()))
    return told
