"""The laptop's OCR service keeps the vendor's contract and answers real words."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from examples.paper import Paper, Word
from local.ocr_document import pixels
from loupe.contracts import check
from tests.local.ocr_house import DRAWN, Service, png, saved

WORD = {"boundingBox": {"vertices": [{"x": 65, "y": 52}]}, "confidence": 0.995, "id": 0, "text": "Print"}
DOCUMENTED = {
    "apiVersion": "1.1",
    "confidence": 0.99,
    "metadata": {"pages": [{"height": 256, "page": 1, "width": 786}]},
    "mimeType": "multipart/form-data",
    "modelVersion": "ocr-260930",
    "numBilledPages": 1,
    "pages": [{"confidence": 0.99, "height": 256, "id": 0, "text": "Print", "width": 786, "words": [WORD]}],
    "stored": False,
    "text": "Print",
}


def shape(message: Any) -> Any:
    """Names and types, without what they hold."""
    if isinstance(message, dict):
        return {name: shape(value) for name, value in message.items()}
    if isinstance(message, list):
        return [shape(one) for one in message[:1]]
    return "number" if type(message) in {int, float} else type(message).__name__


def reads(word: dict[str, Any], text: str, corners: list[Any]) -> bool:
    """The same text, and its middle is where the word is printed."""
    (left, right), (top, bottom) = ((min(side), max(side)) for side in zip(*corners, strict=True))
    vertices = word["boundingBox"]["vertices"]
    x, y = (sum(corner[axis] for corner in vertices) / 4 for axis in "xy")
    slack = (bottom - top) / 2
    return bool(word["text"] == text and left <= x <= right and top - slack <= y <= bottom + slack)


def recall(answer: dict[str, Any], known: Sequence[Word]) -> float:
    found = answer["pages"][0]["words"]
    return sum(any(reads(word, printed.text, printed.corners) for word in found) for printed in known) / len(known)


def test_the_answer_has_exactly_the_documented_shape(service: Service) -> None:
    page = DRAWN["receipt"]
    asked = service.ask(page.image)
    answer = check("ocr/answer", asked.json())
    words = answer["pages"][0]["words"]
    assert (asked.status_code, asked.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert shape(answer) == shape(DOCUMENTED)
    assert all(shape(word) == shape(WORD) for word in words)
    assert all(len(word["boundingBox"]["vertices"]) == 4 for word in words)
    assert [word["id"] for word in words] == list(range(len(words)))
    assert answer["metadata"]["pages"] == [{"height": page.height, "page": 1, "width": page.width}]
    assert answer["text"].split() == [word["text"] for word in words]
    assert answer["text"].splitlines()[-1] == "Thank you for your visit"


@pytest.mark.parametrize("kind", DRAWN)
def test_nine_words_of_ten_are_read_where_they_are_printed(service: Service, kind: str) -> None:
    assert recall(service.ask(DRAWN[kind].image).json(), DRAWN[kind].words) >= 0.9


def test_a_large_page_is_answered_in_its_own_pixels(service: Service) -> None:
    page, times = DRAWN["receipt"], 3.5
    large = Image.open(io.BytesIO(page.image)).resize((round(page.width * times), round(page.height * times)))
    words = [Word(word.text, [(x * times, y * times) for x, y in word.corners]) for word in page.words]
    assert recall(service.ask(saved(large, "PNG")).json(), words) >= 0.9


def test_a_line_that_runs_downwards_is_answered_from_where_reading_starts(service: Service) -> None:
    paper = Paper(width=600, height=300)
    paper.write(300, 160, "Garden Terrace", 50, align="centre")
    answer = service.ask(saved(paper.picture.transpose(Image.Transpose.ROTATE_270), "PNG")).json()
    assert answer["text"] == "Garden Terrace"
    first, second, *_ = answer["pages"][0]["words"][1]["boundingBox"]["vertices"]
    assert abs(first["x"] - second["x"]) < 10
    assert first["y"] + 50 < second["y"]


def test_a_page_without_words_has_none(service: Service) -> None:
    answer = service.ask(png()).json()
    assert set(check("ocr/answer", answer)) == set(DOCUMENTED)
    assert (answer["text"], answer["confidence"], answer["pages"][0]["words"]) == ("", 0, [])


@pytest.mark.parametrize("size", [(1, 1), (9000, 2), (2, 9000)])
def test_a_page_of_any_proportions_is_read(service: Service, size: tuple[int, int]) -> None:
    answer = service.ask(png(*size)).json()
    assert answer["metadata"]["pages"] == [{"height": size[1], "page": 1, "width": size[0]}]


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16"])
def test_ink_is_dark_on_paper_in_every_kind_of_pixels(mode: str) -> None:
    paper, ink = Image.new("L", (8, 8), 255), Image.new("L", (4, 4), 0)
    paper.paste(ink, (0, 0))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(paper, np.uint16) * 257)
    elif mode in {"LA", "RGBA"}:
        image = Image.new(mode, (8, 8), 0)
        image.putalpha(Image.eval(paper, lambda shade: 255 - shade))
    else:
        image = paper.convert(mode)
    read = pixels(io.BytesIO(saved(image, "PNG")))
    assert (read.shape, read.min(), read.max(), read[0, 0, 0], read[7, 7, 0]) == ((8, 8, 3), 0, 255, 0, 255)
