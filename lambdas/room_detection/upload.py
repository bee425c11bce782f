"""POST /blueprints: a file's name, type and size in; a job and a form that takes exactly such a file out."""

import json
import time
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.room_detection import clients
from lambdas.room_detection.blueprints import refusal
from lambdas.room_detection.jobs import Jobs
from lambdas.room_detection.settings import UploadSettings
from loupe import contracts
from loupe.replies import Refusal, Reply, body, caller, refuse, reply

_MAX_NAME_BYTES = 900
logger = Logger(service="room_detection.upload")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Reply:
    """HTTP API event in, the form or the error envelope out."""
    try:
        return reply(201, "room_detection/upload", _form(_request(body(event)), owner=caller(event)[0]))
    except Refusal as refused:
        return refuse(refused)


def _request(text: str) -> dict[str, Any]:
    try:
        request: dict[str, Any] = contracts.check("room_detection/upload_request", json.loads(text))
        name_bytes = len(request["file_name"].encode())
    except ValueError as error:
        raise Refusal(400, "invalid_request", f"The request is not a blueprint upload: {error}") from error
    if name_bytes > _MAX_NAME_BYTES:
        raise Refusal(400, "invalid_request", f"The file name has {name_bytes} bytes; the limit is {_MAX_NAME_BYTES}.")
    if reason := refusal(request["file_name"], request["size"], limit_mib=_settings().max_upload_mib):
        raise Refusal(400, "not_a_blueprint", reason)
    return request


def _form(request: dict[str, Any], *, owner: str) -> dict[str, Any]:
    settings, job_id = _settings(), uuid.uuid4().hex
    bucket, key = settings.blueprints_bucket, f"blueprints/{job_id}/{request['file_name']}"
    Jobs(clients.table(settings.jobs_table)).expect_upload(
        job_id, owner=owner, bucket=bucket, key=key, seconds=settings.upload_link_seconds
    )
    form = clients.s3().generate_presigned_post(
        bucket,
        key,
        Fields={"Content-Type": request["content_type"]},
        Conditions=[{"Content-Type": request["content_type"]}, ["content-length-range", 1, request["size"]]],
        ExpiresIn=settings.upload_link_seconds,
    )
    expires = datetime.fromtimestamp(time.time() + settings.upload_link_seconds, UTC)
    expires_at = expires.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"job_id": job_id, "url": form["url"], "fields": form["fields"], "expires_at": expires_at}


@cache
def _settings() -> UploadSettings:
    return UploadSettings.from_environ()
