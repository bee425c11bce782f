"""Versions are read as they were sealed, in folders and in S3; rows are fetched when they are needed, and checked."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from moto import mock_aws

from containers.search.build import build
from containers.search.publication import publish
from containers.search.verification import findings
from loupe import artifacts
from loupe.cards import Cards, UnknownField
from loupe.contracts import ContractError
from loupe.loaded import Loaded, load
from loupe.reference import BadVersionName, NoSuchVersion, NotPublished, Reference, Version
from loupe.rows import Damaged
from tests.search.cards import DIMS, ROWS, Deck, deck
from tests.search.vectors import expected, uniform


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Deck:
    return deck(tmp_path_factory.mktemp("cards") / "deck")


@pytest.fixture(params=["folder", "s3"])
def reference(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reference]:
    if request.param == "folder":
        yield Reference(str(tmp_path / "reference"))
        return
    with mock_aws():
        artifacts._s3.cache_clear()
        boto3.client("s3").create_bucket(Bucket="project")
        yield Reference("s3://project/data/reference")
        artifacts._s3.cache_clear()


@pytest.fixture
def loaded(cards: Deck, reference: Reference) -> Loaded:
    return load(build(reference, cards.inputs, version="first"))


def test_what_is_published_answers(loaded: Loaded, cards: Deck, reference: Reference) -> None:
    publish(reference, "first")
    version = reference.version(reference.pointer().version)
    vector = uniform(1, DIMS)[0]
    found = load(version).search(vector, 7)
    assert [(hit["row"], hit["score"]) for hit in found["hits"]] == expected(cards.rows, vector, 7)


def test_a_version_with_cells_proves_what_it_answers_where_that_takes_little(cards: Deck, celled: Version) -> None:
    assert list(findings(celled)) == []
    assert celled.facts["search"]["proves"]
    loaded, vector = load(celled), uniform(1, DIMS)[0]
    found = loaded.search(vector, 50)
    assert found["proven"]
    assert [(hit["row"], hit["score"]) for hit in found["hits"]] == expected(cards.rows, vector, 50)
    assert not loaded.search(vector, 50, exact=False)["proven"]
    celled.facts["search"]["proves"] = False
    assert not loaded.search(vector, 50)["proven"]
    assert loaded.search(vector, 50, exact=True) == found


def test_only_the_rows_that_a_search_needs_are_fetched_and_only_once(
    loaded: Loaded, cards: Deck, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: Counter[int] = Counter()
    folder, read_part = loaded.version.folder, loaded.version.folder.read_part

    def counted(name: str, at: int, count: int) -> bytes:
        for row in range((at - 128) // (4 * DIMS), (at - 128 + count) // (4 * DIMS)):
            fetched[row] += 1
        return read_part(name, at, count)

    monkeypatch.setattr(folder, "read_part", counted)
    for _ in range(2):
        loaded.search(cards.rows[17], 3)
    assert set(fetched.values()) == {1}
    assert len(fetched) == loaded.rows.fetched < 60
    loaded.rows.fetch_all()
    assert set(fetched.values()) == {1}
    assert loaded.rows.fetched == ROWS


def test_a_row_that_is_not_what_it_was_is_refused_with_both_checksums(loaded: Loaded, cards: Deck) -> None:
    at = 128 + 4 * DIMS * 17
    body = bytearray(loaded.version.read("embeddings.npy"))
    body[at] ^= 1
    overwritten(loaded, bytes(body))
    with pytest.raises(Damaged, match=r"embeddings\.npy, row 17: its CRC-32 is [0-9a-f]{8}, and was [0-9a-f]{8}\."):
        loaded.search(cards.rows[17], 3)


def test_embeddings_that_end_early_are_refused_with_the_row(loaded: Loaded, cards: Deck) -> None:
    overwritten(loaded, loaded.version.read("embeddings.npy")[: 128 + 4 * DIMS * 17 + 5])
    for row in (17, 200):
        with pytest.raises(Damaged, match=r"embeddings\.npy ends before its row"):
            loaded.nearest.row(row)


def overwritten(loaded: Loaded, body: bytes) -> None:
    """Behind the back of the program."""
    url = loaded.version.folder.url
    if url.startswith("s3://"):
        boto3.client("s3").put_object(Bucket="project", Key="data/reference/first/embeddings.npy", Body=body)
    else:
        Path(url, "embeddings.npy").write_bytes(body)


def test_a_filter_takes_values_lists_and_values_in_lists(loaded: Loaded, cards: Deck) -> None:
    def found(wanted: dict[str, Any]) -> set[int]:
        return {hit["row"] for hit in loaded.search(cards.rows[0], ROWS, wanted=wanted)["hits"]}

    rows = range(ROWS)
    assert found({"set": "set1"}) == {row for row in rows if row % 5 == 1}
    assert found({"set": ["set1", "set2"]}) == {row for row in rows if row % 5 in {1, 2}}
    assert found({"promo": True, "set": "set0"}) == {row for row in rows if row % 35 == 0}
    assert found({"types": "water"}) == {row for row in rows if row % 3 == 2}
    assert found({"set": "none such"}) == set()
    with pytest.raises(UnknownField, match="No card of this version has the field 'sets'"):
        found({"sets": "set1"})


def test_true_is_not_one_and_one_is_one_point_nought() -> None:
    cards = Cards(["a", "b", "c", "d"], [{"x": True}, {"x": 1}, {"x": 1.0}, {"x": None}])
    assert cards.allowed({"x": True}).tolist() == [True, False, False, False]
    assert cards.allowed({"x": 1}).tolist() == [False, True, True, False]
    assert cards.allowed({"x": None}).tolist() == [False, False, False, True]


def test_without_a_publication_it_says_so(reference: Reference) -> None:
    with pytest.raises(NotPublished, match=r"has no current\.json: publish a version first"):
        reference.pointer()


@pytest.mark.parametrize("name", ["", "..", "../plates", "a/b", "-first", "a" * 101, "first\n"])
def test_a_name_that_no_version_can_have_is_refused(name: str, reference: Reference) -> None:
    with pytest.raises(BadVersionName):
        reference.version(name)


def test_a_version_that_is_not_there_is_told_from_one_that_is_no_version(loaded: Loaded, reference: Reference) -> None:
    with pytest.raises(NoSuchVersion, match="has no version second"):
        reference.version("second")
    reference.folder("third").create("version.json", json.dumps(loaded.version.facts).encode())
    with pytest.raises(Damaged, match="is of another version, first"):
        reference.version("third")
    reference.folder("fourth").create("version.json", b"{}")
    with pytest.raises(ContractError):
        reference.version("fourth")
    earlier = json.dumps({**loaded.version.facts, "format": 1}).encode()
    reference.folder("sixth").create("version.json", earlier)
    with pytest.raises(Damaged, match=r"sixth has format 1, and this program reads 2: build it anew\."):
        reference.version("sixth")
    reference.folder("fifth").create("version.json", b"{")
    with pytest.raises(Damaged, match=r"fifth/version\.json is no JSON"):
        reference.version("fifth")


def test_rows_are_in_the_order_that_was_asked_for(loaded: Loaded, cards: Deck) -> None:
    asked = np.array([17, 3, 299, 3, 16, 18], np.intp)
    assert (loaded.rows.take(asked) == cards.rows[asked]).all()
