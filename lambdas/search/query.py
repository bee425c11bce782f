"""POST /search: a vector, an image or a row in; the nearest cards of one reference version out, with their proof."""

import time
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.search.clients import s3
from lambdas.search.questions import query_in, vector_of
from lambdas.search.refusals import REFUSED, refusal
from lambdas.search.searchable import Searchable
from lambdas.search.settings import REFERENCE, QuerySettings
from lambdas.search.versions import Versions
from loupe.metrics import count
from loupe.reference import Reference
from loupe.replies import Refusal, Reply, body, refuse, reply

_MOST_BYTES = 5_000_000  # of 6 MB that Lambda gives back, in which quotation marks count twice
logger = Logger(service="search.query")


@logger.inject_lambda_context
def handle(event: dict[str, Any], context: LambdaContext) -> Reply:
    """HTTP API event in, the checked answer or the error envelope out."""
    try:
        answer = reply(200, "search/answer", _answer(body(event)))
    except REFUSED as error:
        return refuse(refusal(error))
    if len(answer["body"].encode()) > _MOST_BYTES:
        return refuse(Refusal(413, "answer_too_large", "The hits and their metadata are too much: lower the limit."))
    return answer


def _answer(text: str) -> dict[str, Any]:
    begun, settings = time.perf_counter(), _settings()
    query = query_in(text)
    version = _versions().named(query["version"]) if "version" in query else _versions().current()
    vector = vector_of(
        query,
        version,
        most_bytes=settings.max_image_mib << 20,
        most_pixels=settings.max_megapixels * 1_000_000,
    )
    found = version.search(vector, query)
    return {**found, "took_ms": round((time.perf_counter() - begun) * 1000, 3)}


def _failed(error: Exception) -> None:
    """The version in memory serves on; operators are told."""
    logger.exception("The published version cannot be loaded.", exc_info=error)
    count("ReferenceLoadsFailed", "search")


@cache
def _settings() -> QuerySettings:
    return QuerySettings.from_environ()


@cache
def _versions() -> Versions[Searchable]:
    settings = _settings()
    reference = Reference(f"s3://{settings.project_bucket}/{REFERENCE}", s3())
    return Versions(
        published=lambda: reference.pointer().version,
        load=partial(Searchable.load, reference, most_row_bytes=settings.rows_in_memory_mib << 20),
        failed=_failed,
        look_again_seconds=settings.look_again_seconds,
    )
