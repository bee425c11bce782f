"""What the service says of a page becomes words, in whichever of its shapes and forms it says it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from containers.ocr.answers import BadAnswer, words_in
from containers.ocr.markup import text_in

EXAMPLES = Path(__file__).parents[2] / "schemas/ocr/examples"


def example(name: str) -> dict[str, Any]:
    return dict(json.loads((EXAMPLES / f"{name}.json").read_text()))


def test_elements_that_are_told_as_html_only_keep_their_words_lines_and_cells() -> None:
    words = words_in(json.dumps(example("elements.ok.html_only")).encode(), width=1000, height=2000)
    assert words.texts == ["HARBOUR COFFEE", "Table 4\nTea & cake", "Tea 2.50\nCake 3.00"]
    assert words.labels == ["heading1", "paragraph", "table"]
    assert words.polygons[0] == [[100, 200], [400, 200], [400, 400], [100, 400]]


def test_text_comes_before_html_and_markdown_after_it() -> None:
    answer = example("elements.ok.html_only")
    for element, content in zip(
        answer["elements"],
        [{"text": "told", "html": "<p>not this</p>"}, {"html": "<p></p>", "markdown": "# told"}, {}],
        strict=True,
    ):
        element["content"] = content
    assert words_in(json.dumps(answer).encode(), width=1, height=1).texts == ["told", "# told", ""]


@pytest.mark.parametrize(("pages", "billed"), [({"usage": {"pages": 3}}, 3), ({"usage": {}}, 1), ({}, 1)])
def test_pages_that_are_billed_are_counted_in_either_shape(pages: dict[str, Any], billed: int) -> None:
    elements = {name: value for name, value in example("elements.ok.html_only").items() if name != "usage"}
    assert words_in(json.dumps(elements | pages).encode(), width=1, height=1).billed_pages == billed
    words = example("answer.ok.one_word") | {"numBilledPages": billed}
    assert words_in(json.dumps(words).encode(), width=1, height=1).billed_pages == billed


@pytest.mark.parametrize("name", ["elements.bad.pixels", "elements.bad.pages_as_text", "answer.bad.three_corners"])
def test_an_answer_that_breaks_its_contract_is_none(name: str) -> None:
    with pytest.raises(BadAnswer, match="no list of words"):
        words_in(json.dumps(example(name)).encode(), width=1, height=1)


def test_a_picture_is_told_by_the_words_that_stand_for_it() -> None:
    assert text_in("<figure id='3'><img alt='A cup of tea' /></figure>") == "A cup of tea"


@settings(deadline=None, derandomize=True)
@given(st.text(st.sampled_from("<>/&;!-='\"bpr \n"), max_size=40))
def test_markup_of_any_kind_is_read_to_its_end(html: str) -> None:
    assert "\n\n" not in text_in(html)
