"""SageMaker's container contract: GET /ping, and POST /invocations with a blueprint's bytes → its rooms as JSON."""

import logging
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import IO, Any, TypeAlias

from containers.room_detection.inference import input_fn, model_fn, output_fn, predict_fn
from containers.room_detection.limits import Limits, RefusedBlueprint
from containers.room_detection.parameters import Parameters

Environ: TypeAlias = dict[str, Any]
Start: TypeAlias = Callable[[str, list[tuple[str, str]]], object]

MODEL_DIR = "/opt/ml/model"
CHUNK_BYTES = 1 << 20
MAX_BODY_BYTES = 1 << 30  # SageMaker sends no more
BLUEPRINTS_AT_ONCE = 2  # per worker; more would wait for the same cores with their pixels in memory
_turns = BoundedSemaphore(BLUEPRINTS_AT_ONCE)
_log = logging.getLogger("gunicorn.error")


def app(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """One request; every answer carries its length, every refusal is one line of text."""
    try:
        body, kind, status = _answer(environ)
    except RefusedBlueprint as refusal:
        body, kind, status = refusal.reason.encode(), "text/plain; charset=utf-8", refusal.status
    except Exception:
        _log.exception("The room detector failed")
        body, kind, status = b"The room detector failed on this blueprint.", "text/plain; charset=utf-8", 500
    start_response(
        f"{status} {HTTPStatus(status).phrase}", [("Content-Type", kind), ("Content-Length", str(len(body)))]
    )
    return [body]


def _answer(environ: Environ) -> tuple[bytes, str, int]:
    path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
    if path == "/ping" and method in {"GET", "HEAD"}:
        return b"", "text/plain; charset=utf-8", 200
    if path != "/invocations":
        raise RefusedBlueprint("There is only /ping and /invocations.", 404)
    if method != "POST":
        raise RefusedBlueprint("Send the blueprint with POST.", 405)
    accept = environ.get("HTTP_ACCEPT", "application/json")
    with tempfile.TemporaryFile() as blueprint:
        _receive(environ, blueprint)
        with _turns:
            return _rooms(blueprint, environ.get("CONTENT_TYPE", ""), accept), "application/json", 200


def _rooms(blueprint: IO[bytes], content_type: str, accept: str) -> bytes:
    return output_fn(predict_fn(input_fn(blueprint, content_type), _model()), accept)  # type: ignore[arg-type]  # a file


def _receive(environ: Environ, file: IO[bytes]) -> None:
    """Stream the body to disk; what is refused is still read to its end, for a client hears nothing while it sends."""
    try:
        _store(environ, file)
    except RefusedBlueprint:
        _discard(environ)
        raise
    file.flush()


def _store(environ: Environ, file: IO[bytes]) -> None:
    limits = Limits.from_environ()
    announced = int(environ.get("CONTENT_LENGTH") or 0)
    if announced:
        limits.check_bytes(announced)
    received = 0
    while chunk := _chunk(environ):
        received += len(chunk)
        limits.check_bytes(received)
        file.write(chunk)
    if received < announced:
        raise RefusedBlueprint(f"The upload broke off after {received} of {announced} bytes: send it again.")


def _discard(environ: Environ) -> None:
    left = MAX_BODY_BYTES
    with suppress(RefusedBlueprint):
        while left > 0 and (chunk := _chunk(environ)):
            left -= len(chunk)


def _chunk(environ: Environ) -> bytes:
    try:
        chunk: bytes = environ["wsgi.input"].read(CHUNK_BYTES)
    except Exception as error:
        raise RefusedBlueprint("The upload broke off: send it again.") from error
    return chunk


@cache
def _model() -> Parameters:
    return model_fn(MODEL_DIR)
