"""What was sent → a query that keeps its contract, and the vector that it asks by; its text is a stranger's."""

import base64
import binascii
import json
from typing import Any

import numpy as np

from lambdas.search.pictures import picture
from lambdas.search.searchable import Searchable
from loupe import contracts
from loupe.codes import BadVector

ASKED_BY = ("vector", "image", "row")


class BadQuery(ValueError):
    """What was sent is no query; the text names the field."""


class NoSuchRow(LookupError):
    """A row that the version does not have."""


def query_in(text: str) -> dict[str, Any]:
    """The query in a request's body."""
    try:
        sent = json.loads(text, parse_constant=_refuse)
        if isinstance(sent, dict) and sum(name in sent for name in ASKED_BY) != 1:
            raise BadQuery(f"it must ask by exactly one of {', '.join(ASKED_BY)}.")
        query: dict[str, Any] = contracts.check("search/query", sent)
    except (ValueError, RecursionError) as error:
        raise BadQuery(f"The request is no query: {error}") from error
    return query


def vector_of(query: dict[str, Any], version: Searchable, *, most_bytes: int, most_pixels: int) -> Any:
    """The vector that is sent, or that of the image or row."""
    if "vector" in query:
        return _numbers(query["vector"])
    if "row" in query:
        return _row(version, int(query["row"]))
    version.check_embedder()
    image = _decoded(query["image"])
    if len(image) > most_bytes:
        raise BadQuery(f"data.image has {len(image)} bytes and the limit is {most_bytes}: send it smaller.")
    return version.embedded(picture(image, most_pixels=most_pixels))


def _numbers(vector: list[Any]) -> Any:
    try:
        return np.asarray(vector, np.float64)
    except OverflowError as error:
        raise BadVector("The vector has no direction: it holds a whole number that no float64 holds.") from error


def _row(version: Searchable, row: int) -> Any:
    try:
        return version.row(row)
    except IndexError as error:
        raise NoSuchRow(str(error)) from error


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadQuery(f"data.image is not base64: {error}") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number in JSON")
