"""What the OCR service says of a page → polygons, texts and labels; nothing is believed unchecked."""

import json
from dataclasses import dataclass
from typing import Any

from containers.ocr.markup import text_in
from loupe import contracts

Polygon = list[list[float]]


class BadAnswer(ValueError):
    """A body that is no answer of the contract; the text says what it is instead, never what it holds."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is on a page, in pixels: one polygon, text and label for each word or element, in the service's order."""

    width: int
    height: int
    polygons: list[Polygon]
    texts: list[str]
    labels: list[str]
    billed_pages: int


def words_in(body: bytes, *, width: int, height: int) -> Words:
    """Read a body for an image of that size; BadAnswer for anything else than an answer."""
    answer = answer_in(body)
    found = _words(answer) if "pages" in answer else _elements(answer, width, height)
    once = list({(tuple(map(tuple, polygon)), text): (polygon, text, label) for polygon, text, label in found}.values())
    polygons, texts, labels = (list(column) for column in zip(*once, strict=True)) if once else ([], [], [])
    billed = answer.get("numBilledPages", answer.get("usage", {}).get("pages", 1))
    return Words(width=width, height=height, polygons=polygons, texts=texts, labels=labels, billed_pages=billed)


def answer_in(body: bytes, contract: str | None = None) -> dict[str, Any]:
    """An answer that keeps its contract; without a name, the one that its shape tells."""
    try:
        answer = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadAnswer("a body that is not JSON") from error
    if not isinstance(answer, dict):
        raise BadAnswer("JSON that is no object")
    try:
        contracts.check(contract or ("ocr/answer" if "pages" in answer else "ocr/elements"), answer)
    except contracts.ContractError as error:
        raise BadAnswer("an answer that is no list of words") from error
    return answer


def _refuse(constant: str) -> None:
    raise ValueError(constant)


_Found = list[tuple[Polygon, str, str]]


def _words(answer: dict[str, Any]) -> _Found:
    """Document OCR: words with vertices in pixels."""
    words = [word for page in answer["pages"] for word in page["words"]]
    return [(_corners(word["boundingBox"]["vertices"]), word["text"], "text") for word in words]


def _elements(answer: dict[str, Any], width: int, height: int) -> _Found:
    """Document Parse: elements with corners in shares of the page, and a category each."""
    return [
        (_corners(element["coordinates"], width, height), _text(element["content"]), element["category"])
        for element in answer["elements"]
    ]


def _text(content: dict[str, str]) -> str:
    """Of the forms of an element's text the service fills in some, HTML alone if it is asked for none."""
    return content.get("text") or text_in(content.get("html", "")) or content.get("markdown", "")


def _corners(vertices: list[dict[str, float]], width: int = 1, height: int = 1) -> Polygon:
    return [[float(vertex["x"]) * width, float(vertex["y"]) * height] for vertex in vertices]
