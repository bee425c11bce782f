"""One asynchronous inference: an input object in, an output or a failure object and its message out."""

import http.client
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.seams import account

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

MAX_PAYLOAD_BYTES = 1 << 30
IN_MEMORY_BYTES = 8 << 20
BLOCK_BYTES = 1 << 20


class InferenceFailed(Exception):
    """Why a request has no output, in SageMaker's words."""


class Abandoned(Exception):
    """The engine stops: the request stays in its backlog and is made again after the next start."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One accepted InvokeEndpointAsync call; small, whatever the size of its input."""

    endpoint: str
    inference_id: str
    input_location: str
    output_location: str
    failure_location: str | None
    received: float
    ttl_seconds: int
    timeout_seconds: int
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where the answers of an endpoint go, and as whom it reads and writes."""

    s3: "S3Client"
    sns: "SNSClient"
    success_topic: str | None
    error_topic: str | None
    kms_key: str | None


@dataclass(frozen=True, kw_only=True)
class Inference:
    """The steps of one request against one model server."""

    request: Request
    destination: Destination
    port: Callable[[], int | None]
    stopping: Callable[[], bool]

    def run(self) -> None:
        """Settle the request: exactly one of output and failure, then its message."""
        try:
            content_type = self._infer()
        except InferenceFailed as failure:
            if self.stopping():
                raise Abandoned from failure
            self._fail(str(failure))
        else:
            self._complete(content_type)

    def _infer(self) -> str:
        self._check_age()
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as body:
            self._download(body)
            with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as output:
                content_type = self._ask(body, output)
                self._upload(self.request.output_location, output, content_type)
        return content_type

    def _download(self, body: IO[bytes]) -> None:
        bucket, key = _bucket_and_key(self.request.input_location)
        try:
            stored = self.destination.s3.get_object(Bucket=bucket, Key=key)
            if stored["ContentLength"] > MAX_PAYLOAD_BYTES:
                raise InferenceFailed("ClientError: The input is larger than the limit of 1 GB.")
            for block in stored["Body"].iter_chunks(BLOCK_BYTES):
                body.write(block)
        except (BotoCoreError, ClientError) as error:
            raise InferenceFailed(f"ClientError: Failed to download {self.request.input_location}: {error}") from error

    def _check_age(self) -> None:
        if self.stopping():
            raise Abandoned
        if _now() - self.request.received > self.request.ttl_seconds:
            raise InferenceFailed(
                f"ClientError: The request expired: it waited more than {self.request.ttl_seconds} s."
            )

    def _connect(self) -> http.client.HTTPConnection:
        """A connection to the server; while it is away the request is still in the queue, not in flight."""
        timeout = self.request.timeout_seconds
        while True:
            self._check_age()
            if (port := self.port()) is None:
                continue
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout, blocksize=BLOCK_BYTES)
            try:
                connection.connect()
            except OSError:
                time.sleep(0.05)
                continue
            return connection

    def _ask(self, body: IO[bytes], output: IO[bytes]) -> str:
        connection = self._connect()
        try:
            return self._exchange(connection, body, output)
        except TimeoutError as error:
            raise InferenceFailed(
                self._server_error(0, "Your invocation timed out while waiting for a response from container primary.")
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise InferenceFailed(
                self._server_error(0, "The container primary closed the connection before it answered.")
            ) from error
        finally:
            connection.close()

    def _exchange(self, connection: http.client.HTTPConnection, body: IO[bytes], output: IO[bytes]) -> str:
        length = body.tell()
        body.seek(0)
        try:
            connection.request(
                "POST", "/invocations", body=body, headers={**self._headers(), "Content-Length": str(length)}
            )
        except (BrokenPipeError, ConnectionResetError):
            account.log.info("the container answered before it had read all of %s", self.request.input_location)
        response = connection.getresponse()
        if response.status >= 300:
            raise InferenceFailed(self._refusal(response.status, response.read(4096).decode(errors="replace")))
        if response.getheader("Content-Length") is None:
            raise InferenceFailed(
                "ClientError: The response from container primary did not specify the required Content-Length header."
            )
        while block := response.read(BLOCK_BYTES):
            output.write(block)
        return response.getheader("Content-Type") or "application/octet-stream"

    def _headers(self) -> dict[str, str]:
        headers = {
            "Content-Type": self.request.content_type,
            "Accept": self.request.accept,
            "X-Amzn-SageMaker-Custom-Attributes": self.request.custom_attributes,
            "X-Amzn-SageMaker-Inference-Id": self.request.inference_id,
        }
        return {name: value for name, value in headers.items() if value is not None}

    def _refusal(self, status: int, body: str) -> str:
        side = "client" if status < 500 else "server"
        return self._error(f"{side} error ({status})", body)

    def _server_error(self, status: int, body: str) -> str:
        return self._error(f"server error ({status})", body)

    def _error(self, kind: str, body: str) -> str:
        group = f"/aws/sagemaker/Endpoints/{self.request.endpoint}"
        console = f"https://{account.REGION}.console.aws.amazon.com/cloudwatch/home?region={account.REGION}"
        return (
            f'ClientError: Received {kind} from primary with message "{body}". '
            f"See {console}#logEventViewer:group={group} in account {account.ACCOUNT} for more information."
        )

    def _upload(self, location: str, content: IO[bytes], content_type: str) -> None:
        bucket, key = _bucket_and_key(location)
        content.seek(0)
        encryption: dict[str, Any] = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.destination.kms_key}
            if self.destination.kms_key
            else {}
        )
        try:
            self.destination.s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type, **encryption)
        except (BotoCoreError, ClientError) as error:
            raise InferenceFailed(f"ClientError: Failed to upload {location}: {error}") from error

    def _complete(self, content_type: str) -> None:
        response = {"contentType": content_type, "outputLocation": self.request.output_location}
        self._publish(self.destination.success_topic, {"invocationStatus": "Completed", "responseParameters": response})

    def _fail(self, reason: str) -> None:
        account.log.warning("inference %s failed: %s", self.request.inference_id, reason)
        if self.request.failure_location:
            with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as content:
                content.write(reason.encode())
                try:
                    self._upload(self.request.failure_location, content, "text/plain")
                except InferenceFailed as error:
                    account.log.warning("no failure object: %s", error)
        self._publish(self.destination.error_topic, {"invocationStatus": "Failed", "failureReason": reason})

    def _publish(self, topic: str | None, outcome: dict[str, Any]) -> None:
        if topic is None:
            return
        message = json.dumps({**self._message(), **outcome})
        try:
            self.destination.sns.publish(TopicArn=topic, Message=message)
        except (BotoCoreError, ClientError) as error:
            account.log.warning("no notification of %s: %s", self.request.inference_id, error)

    def _message(self) -> dict[str, Any]:
        parameters = {
            "contentType": self.request.content_type,
            "accept": self.request.accept,
            "endpointName": self.request.endpoint,
            "inputLocation": self.request.input_location,
        }
        return {
            "awsRegion": account.REGION,
            "eventTime": _timestamp(_now()),
            "receivedTime": _timestamp(self.request.received),
            "requestParameters": {name: value for name, value in parameters.items() if value is not None},
            "inferenceId": self.request.inference_id,
            "eventVersion": "1.0",
            "eventSource": "aws:sagemaker",
            "eventName": "InferenceResult",
        }


def _bucket_and_key(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _timestamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
