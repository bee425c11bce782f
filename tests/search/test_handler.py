"""POST /search: what was asked is answered from one version, what cannot be is refused with its reason."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from PIL import Image

from containers.search.assembly import Inputs
from containers.search.publication import rollback
from examples import cards
from lambdas.search import clients, query
from lambdas.search.searchable import ANSWERS_UNTIL_WARM
from loupe import contracts
from tests.search import decks
from tests.search.function import Platform, forget

VECTOR = decks.vectors(1, 32, seed=5)[0].tolist()


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    with mock_aws():
        clients.s3.cache_clear()
        yield boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    clients.s3.cache_clear()


@pytest.fixture
def platform(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Platform:
    found = Platform(s3)
    found.serve(monkeypatch)
    return found


@pytest.fixture(scope="module")
def one(s3: Any, two: dict[str, Inputs]) -> Platform:
    """A version that is published once for all tests that only ask."""
    found = Platform(s3)
    found.publish(two["a"], "one")
    return found


@pytest.fixture
def published(one: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    one.serve(monkeypatch)
    return one


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Inputs]:
    """Two decks."""
    folder = tmp_path_factory.mktemp("decks")
    return {deck: decks.numbers(folder / deck, deck=deck) for deck in ("a", "b")}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return decks.drawn(tmp_path_factory.mktemp("pictures"))


def encoded(image: Image.Image, kind: str = "JPEG") -> str:
    out = io.BytesIO()
    image.save(out, kind)
    return base64.b64encode(out.getvalue()).decode()


def test_a_vector_finds_what_numpy_finds(published: Platform, two: dict[str, Inputs]) -> None:
    answer = published.ask(vector=VECTOR, limit=7)
    scores = np.load(two["a"].embeddings) @ np.asarray(VECTOR, np.float32)
    assert [hit["row"] for hit in answer["hits"]] == np.argsort(-scores, kind="stable")[:7].tolist()
    np.testing.assert_allclose([hit["score"] for hit in answer["hits"]], np.sort(scores)[::-1][:7], atol=1e-6)
    assert (answer["version"], answer["proven"]) == ("one", True)
    assert all(hit["card_id"] == f"a-{hit['row']:05}" for hit in answer["hits"])
    assert answer["hits"][0]["metadata"] == {"deck": "a", "parity": answer["hits"][0]["row"] % 2}


def test_a_row_is_nearest_to_itself_and_ten_cards_are_given_unless_more_are_wanted(
    published: Platform, two: dict[str, Inputs]
) -> None:
    answer = published.ask(row=17)
    assert (answer["hits"][0]["row"], len(answer["hits"])) == (17, 10)
    assert answer["hits"][0]["score"] == pytest.approx(1, abs=1e-6)
    assert len(published.ask(row=17, limit=1000)["hits"]) == 40


def test_only_cards_that_a_filter_takes_are_found(published: Platform, two: dict[str, Inputs]) -> None:
    odd = published.ask(vector=VECTOR, limit=5, filter={"parity": 1})
    assert [hit["row"] % 2 for hit in odd["hits"]] == [1] * 5
    assert len(published.ask(vector=VECTOR, limit=40, filter={"parity": [0, 1]})["hits"]) == 40
    assert published.ask(vector=VECTOR, filter={"deck": "b"})["hits"] == []


def test_an_image_finds_its_card(platform: Platform, pictures: Inputs) -> None:
    platform.publish(pictures, "drawn")
    for number in (1, 5, 9):
        answer = platform.ask(image=encoded(cards.photograph(number)), limit=3)
        assert answer["hits"][0]["card_id"] == cards.card_id(number)
    exact = platform.ask(image=encoded(cards.card(4), "PNG"), limit=1)["hits"][0]
    assert (exact["card_id"], exact["score"]) == ("card-0004", pytest.approx(1, abs=1e-5))


def test_a_version_that_is_published_answers_next_and_a_rollback_too(
    platform: Platform, two: dict[str, Inputs]
) -> None:
    platform.publish(two["a"], "one")
    assert platform.ask(row=0)["version"] == "one"
    platform.publish(two["b"], "two")
    answer = platform.ask(row=0)
    assert (answer["version"], answer["hits"][0]["card_id"]) == ("two", "b-00000")
    assert platform.ask(row=0, version="one")["hits"][0]["card_id"] == "a-00000"
    rollback(platform.reference)
    assert platform.ask(row=0)["hits"][0]["card_id"] == "a-00000"


@pytest.mark.parametrize("file", ["codes.npy", "bounds.npy", "cards.json.gz", "version.json"])
def test_a_version_that_was_damaged_is_told_and_the_old_one_serves(
    file: str, platform: Platform, two: dict[str, Inputs], capsys: pytest.CaptureFixture[str]
) -> None:
    platform.publish(two["a"], "one")
    platform.ask(row=0)
    platform.publish(two["b"], "two")
    platform.damage("two", file)
    assert platform.ask(row=0)["version"] == "one"
    said = capsys.readouterr().out
    assert '"ReferenceLoadsFailed":[1.0]' in said.replace(" ", "")
    forget()
    status, code, sentence = platform.refused(row=0)
    assert (status, code) == (503, "version_unreadable")
    assert "two" in sentence


def test_a_row_that_was_damaged_is_refused_and_never_an_answer(platform: Platform, two: dict[str, Inputs]) -> None:
    platform.publish(two["a"], "one")
    platform.damage("one", "embeddings.npy")
    status, code, sentence = platform.refused(vector=VECTOR, limit=40)
    assert (status, code) == (503, "version_unreadable")
    assert "CRC-32" in sentence


def test_rows_are_fetched_as_they_are_needed_and_all_at_once_by_a_busy_instance(
    platform: Platform, two: dict[str, Inputs]
) -> None:
    platform.publish(two["a"], "one")
    fetched = []
    for _ in range(ANSWERS_UNTIL_WARM):
        platform.ask(row=5, limit=1)
        fetched.append(query._versions().current()._loaded.rows.fetched)
    assert fetched[0] < 40
    assert fetched[-2:] == [fetched[0], 40]


def test_a_damaged_row_fails_the_queries_that_need_it_and_no_others(platform: Platform, two: dict[str, Inputs]) -> None:
    platform.publish(two["a"], "one")
    platform.damage("one", "embeddings.npy")
    damaged = 40 // 2 - 1
    for _ in range(ANSWERS_UNTIL_WARM + 1):
        assert platform.ask(row=5, limit=1)["hits"][0]["row"] == 5
    assert platform.refused(row=damaged)[1] == "version_unreadable"


def test_nothing_published_is_said_until_something_is(platform: Platform, two: dict[str, Inputs]) -> None:
    assert platform.refused(row=0)[:2] == (503, "nothing_published")
    platform.publish(two["a"], "one")
    assert platform.ask(row=0)["version"] == "one"


@pytest.mark.parametrize(
    ("asked", "status", "code", "sentence"),
    [
        ({}, 400, "invalid_request", "exactly one of vector, image, row"),
        ({"row": 1, "vector": VECTOR}, 400, "invalid_request", "exactly one of vector, image, row"),
        ({"row": -1}, 400, "invalid_request", "data.row"),
        ({"row": "1"}, 400, "invalid_request", "data.row"),
        ({"row": 1, "limit": 0}, 400, "invalid_request", "data.limit"),
        ({"row": 1, "limit": 1001}, 400, "invalid_request", "data.limit"),
        ({"row": 1, "limits": 1}, 400, "invalid_request", "limits"),
        ({"row": 1, "filter": {"set": {"a": 1}}}, 400, "invalid_request", "data.filter"),
        ({"row": 1, "filter": {"colour": "red"}}, 400, "invalid_request", "'colour'"),
        ({"row": 1, "version": "../current"}, 400, "invalid_request", "data.version"),
        ({"vector": [1, "2"]}, 400, "invalid_request", "data.vector[1]"),
        ({"vector": [1.0, 2.0]}, 400, "bad_vector", "2"),
        ({"vector": [0.0] * 32}, 400, "bad_vector", "no direction"),
        ({"vector": [10**400] * 32}, 400, "bad_vector", "no direction"),
        ({"vector": [1e308] * 31 + [10**400]}, 400, "bad_vector", "no direction"),
        ({"image": encoded(cards.card(1))}, 409, "no_embedder", "holds no embedder"),
        ({"row": 40}, 404, "row_not_found", "rows 0 to 39"),
        ({"row": 10**30}, 404, "row_not_found", "rows 0 to 39"),
        ({"row": 1, "version": "never"}, 404, "version_not_found", "never"),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_with_its_reason(
    asked: dict[str, Any], status: int, code: str, sentence: str, published: Platform
) -> None:
    found = published.refused(**asked)
    assert found[:2] == (status, code)
    assert sentence in found[2]


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "null", '{"vector": [NaN]}', '{"vector": [Infinity]}', "[" * 100_000, '"\\ud800"']
)
def test_what_is_no_query_is_refused(text: str, published: Platform) -> None:
    assert published.refused(text)[:2] == (400, "invalid_request")


def test_an_image_that_is_none_is_refused(platform: Platform, pictures: Inputs) -> None:
    platform.publish(pictures, "drawn")
    for image in (b"no image", b"\x89PNG\r\n\x1a\n", base64.b64decode(encoded(cards.card(1)))[:999]):
        assert platform.refused(image=base64.b64encode(image).decode())[:2] == (400, "bad_image")
    assert platform.refused(image="no base64!")[:2] == (400, "invalid_request")
    status, code, sentence = platform.refused(image=base64.b64encode(bytes((1 << 20) + 1)).decode())
    assert (status, code) == (400, "invalid_request")
    assert "data.image has 1048577 bytes and the limit is 1048576" in sentence


def test_an_answer_that_is_too_large_says_to_ask_for_less(platform: Platform, tmp_path: Path) -> None:
    platform.publish(decks.numbers(tmp_path, rows=60, text="x" * 100_000), "wordy")
    assert platform.refused(row=0, limit=60)[:2] == (413, "answer_too_large")
    assert len(platform.ask(row=0, limit=10)["hits"]) == 10


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["vector", "image", "row", "limit", "version", "filter", "exact", "other"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_whatever_is_sent_is_answered_or_refused(published: Platform, asked: Any) -> None:
    reply = published.send(json.dumps(asked))
    assert reply["statusCode"] in {200, 400, 404, 409}
    contracts.check("search/answer" if reply["statusCode"] == 200 else "api/error", json.loads(reply["body"]))
