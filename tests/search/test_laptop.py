"""The synthesized stack on the laptop: versions come and go under load, and no query fails or mixes two of them."""

import base64
import threading
from typing import Any

import numpy as np
import pytest

from cli.trouble import Trouble
from containers.search.assembly import Inputs
from containers.search.publication import publish, rollback
from examples import cards
from loupe.artifacts import WrittenByAnother
from tests.search import decks
from tests.search.platform import Search
from tests.waiting import eventually

pytestmark = pytest.mark.laptop
CALLERS, SWAPS = 3, 3


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Inputs]:
    folder = tmp_path_factory.mktemp("decks")
    return {deck: decks.numbers(folder / deck, rows=400, dims=64, deck=deck) for deck in ("a", "b")}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    return decks.drawn(tmp_path_factory.mktemp("drawn"))


def answers_in(got: list[dict[str, Any] | Exception]) -> list[dict[str, Any]]:
    return [found for found in got if not isinstance(found, Exception)]


def seen_in(got: list[dict[str, Any] | Exception]) -> set[str]:
    """The versions that answered."""
    return {found["version"] for found in answers_in(got)}


def test_a_photograph_a_vector_and_a_row_find_their_card(search: Search, drawn: Inputs) -> None:
    denials = search.laptop.denials()
    version = search.publish(drawn)
    eventually(lambda: search.answers(version))
    sent = base64.b64encode(cards.jpeg(cards.photograph(5))).decode()
    assert search.ask(image=sent, limit=3)["hits"][0]["card_id"] == cards.card_id(5)
    assert search.ask(row=4, limit=1)["hits"][0]["card_id"] == cards.card_id(5)
    vector = np.load(drawn.embeddings)[decks.CARDS - 1].tolist()
    assert search.ask(vector=vector, limit=1)["hits"][0]["card_id"] == cards.card_id(decks.CARDS)
    found = search.ask(row=4, filter={"set": "Dusk"})["hits"]
    assert {hit["metadata"]["set"] for hit in found} == {"Dusk"}
    assert search.laptop.denials() == denials


def test_versions_are_swapped_under_load_without_a_failed_or_a_mixed_answer(
    search: Search, two: dict[str, Inputs]
) -> None:
    versions = {search.build(inputs): deck for deck, inputs in two.items()}
    publish(search.reference, min(versions))
    eventually(lambda: search.answers(min(versions)))
    with search.under_load(CALLERS) as got:
        for turn in range(1, SWAPS + 1):
            name, before = sorted(versions)[turn % 2], len(got)
            publish(search.reference, name)
            eventually(lambda name=name, before=before: name in seen_in(got[before:]))  # type: ignore[misc]  # bound now
    assert [found for found in got if isinstance(found, Exception)] == []
    for found in answers_in(got):
        assert {hit["card_id"][0] for hit in found["hits"]} == {versions[found["version"]]}
        assert (found["hits"][0]["row"], len(found["hits"])) == (3, 20)


def test_a_rollback_lets_the_version_before_answer(search: Search, two: dict[str, Inputs]) -> None:
    first, second = search.publish(two["a"]), search.publish(two["b"])
    eventually(lambda: search.answers(second))
    assert rollback(search.reference).version == first
    eventually(lambda: search.answers(first))


def test_a_damaged_version_is_refused_and_the_old_one_serves_on(search: Search, two: dict[str, Inputs]) -> None:
    good, bad = search.publish(two["a"]), search.build(two["b"])
    eventually(lambda: search.answers(good))
    search.damage(bad, "codes.npy")
    with pytest.raises(ValueError, match=r"codes\.npy.*SHA-256"):
        publish(search.reference, bad)
    assert search.reference.pointer().version == good
    search.point_at(bad)
    with search.under_load(1) as got:
        eventually(lambda: f"{bad}/codes.npy" in search.logged())
    assert [found for found in got if isinstance(found, Exception)] == []
    assert seen_in(got) == {good}
    search.restart_function()
    with pytest.raises(Trouble, match=r"codes\.npy.*503"):
        search.ask(row=0)
    assert search.ask(row=0, version=good)["version"] == good
    publish(search.reference, good)
    eventually(lambda: search.answers(good))


def test_two_who_publish_at_once_do_not_undo_each_other(search: Search, two: dict[str, Inputs]) -> None:
    names = [search.build(inputs) for inputs in two.values()]
    lost = list[Exception]()

    def move(name: str) -> None:
        try:
            publish(search.reference, name)
        except WrittenByAnother as error:
            lost.append(error)

    threads = [threading.Thread(target=move, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pointer = search.reference.pointer()
    assert pointer.version in names
    assert bool(lost) != (pointer.previous in names)
    eventually(lambda: search.answers(pointer.version))


def test_what_cannot_be_answered_is_refused_over_the_api_too(search: Search, two: dict[str, Inputs]) -> None:
    version = search.publish(two["a"])
    eventually(lambda: search.answers(version))
    refused: dict[str, dict[str, Any]] = {
        r"There is no row 100000.*404": {"row": 100_000},
        r"64.*400": {"vector": [1, 2, 3]},
        r"data\.limit.*400": {"row": 0, "limit": 0},
        r"never.*404": {"row": 0, "version": "never"},
        r"holds no embedder.*409": {"image": "AAAA"},
    }
    for sentence, asked in refused.items():
        with pytest.raises(Trouble, match=sentence):
            search.ask(**asked)


def test_a_request_that_nobody_signed_is_refused(search: Search) -> None:
    assert search.unsigned() == 403
