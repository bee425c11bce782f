"""`python -m containers.search`: what it builds, and what it refuses and why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from containers.search.build import build
from containers.search.findings import Refused
from containers.search.verification import findings
from loupe.loaded import load
from loupe.reference import Reference, Version
from tests.search.cards import DIMS, FILES, ROWS, Deck, deck
from tests.search.programs import build_words, program


def files(version: Version) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(version.folder.url).iterdir()}


def test_a_version_that_was_built_verifies_and_answers(version: Version, cards: Deck) -> None:
    assert list(findings(version)) == []
    assert sorted(files(version)) == [*FILES, "version.json"]
    answer = load(version).search(cards.rows[17], 2)
    assert answer["hits"][0] == {
        "card_id": "set2-17",
        "row": 17,
        "score": pytest.approx(1, abs=1e-6),
        "metadata": cards.known(cards.metadata)["set2-17"],
    }
    assert answer["proven"]


def test_the_same_inputs_are_the_same_version(cards: Deck, reference: Reference) -> None:
    first, again = build(reference, cards.inputs), build(reference, cards.inputs)
    assert first.name == again.name
    assert first.facts == again.facts
    assert len(list(reference.names())) == 1


def test_other_inputs_are_another_version(cards: Deck, reference: Reference, tmp_path: Path) -> None:
    other = deck(tmp_path / "other", seed=2)
    assert build(reference, cards.inputs).name != build(reference, other.inputs).name


def test_a_name_that_is_another_versions_is_refused(version: Version, reference: Reference, tmp_path: Path) -> None:
    before = files(version)
    with pytest.raises(Refused, match=r"embeddings\.npy: version first is there already"):
        build(reference, deck(tmp_path / "other", seed=2).inputs, version="first")
    assert files(version) == before


def test_a_list_of_card_ids_is_an_index_too(cards: Deck, reference: Reference) -> None:
    cards.index.write_text(json.dumps(list(cards.known(cards.index).values())))
    assert load(build(reference, cards.inputs)).cards.ids[7] == "set2-7"


def rewritten(change: Callable[[Any], Any]) -> Callable[[Deck], None]:
    def spoil(cards: Deck) -> None:
        np.save(cards.embeddings, change(cards.rows.copy()))

    return spoil


def with_row(value: Any) -> Callable[[Deck], None]:
    def change(rows: Any) -> Any:
        rows[7] = rows[7] * value
        return rows

    return rewritten(change)


def with_number(value: float) -> Callable[[Deck], None]:
    def change(rows: Any) -> Any:
        rows[7, 3] = value
        return rows

    return rewritten(change)


def cut(cards: Deck) -> None:
    cards.embeddings.write_bytes(cards.embeddings.read_bytes()[:-5])


def lengthened(cards: Deck) -> None:
    cards.embeddings.write_bytes(cards.embeddings.read_bytes() + b"12345")


def no_array(cards: Deck) -> None:
    cards.embeddings.write_bytes(b"PK\x03\x04" + bytes(1000))


def changed(which: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Deck], None]:
    def spoil(cards: Deck) -> None:
        path: Path = getattr(cards, which)
        known = cards.known(path)
        change(known)
        path.write_text(json.dumps(known))

    return spoil


def written(which: str, change: Callable[[str], str]) -> Callable[[Deck], None]:
    def spoil(cards: Deck) -> None:
        path: Path = getattr(cards, which)
        path.write_text(change(path.read_text()))

    return spoil


REFUSED: dict[str, tuple[Callable[[Deck], None], str]] = {
    "not a number": (with_number(float("nan")), r"embeddings\.npy, row 7: its number 3 is nan, and all must be finite"),
    "infinite": (with_number(float("inf")), r"embeddings\.npy, row 7: its number 3 is inf"),
    "too long": (with_row(1.01), r"embeddings\.npy, row 7: its length is 1\.01, and must be 1 within 0\.001"),
    "nothing": (with_row(0), r"embeddings\.npy, row 7: its length is 0,"),
    "doubles": (rewritten(lambda rows: rows.astype("<f8")), r"embeddings\.npy: it holds float64 .* must hold <f4"),
    "big end first": (rewritten(lambda rows: rows.astype(">f4")), r"embeddings\.npy: it holds >f4"),
    "by column": (rewritten(np.asfortranarray), r"embeddings\.npy: .*column by column"),
    "one row": (rewritten(lambda rows: rows[0]), r"embeddings\.npy: it holds .* shape \(32,\)"),
    "no rows": (rewritten(lambda rows: rows[:0]), r"embeddings\.npy: it holds .* shape \(0, 32\)"),
    "fewer rows": (rewritten(lambda rows: rows[:299]), r"index\.json: it has '299', .* has rows 0 to 298"),
    "cut": (cut, r"embeddings\.npy: it has 38523 bytes, and its header speaks of 38528"),
    "lengthened": (lengthened, r"embeddings\.npy: it has 38533 bytes"),
    "no array": (no_array, r"embeddings\.npy: it is no \.npy file"),
    "no card for a row": (changed("index", lambda ids: ids.pop("7")), r"index\.json, row 7: it has no card"),
    "a row too many": (changed("index", lambda ids: ids.update({"300": "x"})), r"index\.json: it has '300'"),
    "a card twice": (
        changed("index", lambda ids: ids.update({"7": "set3-3"})),
        r"index\.json, row 7: it is of 'set3-3', and so is row 3",
    ),
    "a number as card": (
        changed("index", lambda ids: ids.update({"7": 7})),
        r"index\.json, row 7: its card id is 7, and must be a text",
    ),
    "a key twice": (written("index", lambda text: text[:-1] + ', "7": "x"}'), r"index\.json: it has the key '7' twice"),
    "rows as text": (written("index", lambda _: '"rows"'), r"index\.json: it must be a list of card ids, or an object"),
    "half an index": (written("index", lambda text: text[:100]), r"index\.json: it is no JSON"),
    "unknown card": (
        changed("metadata", lambda known: known.pop("set2-7")),
        r"metadata\.json: it has nothing of 'set2-7', which index\.json has in row 7",
    ),
    "card without row": (
        changed("metadata", lambda known: known.update(x={})),
        r"metadata\.json: it has 'x', and no row of index\.json is of it",
    ),
    "odd metadata": (
        changed("metadata", lambda known: known.update({"set2-7": 7})),
        r"metadata\.json: what it says of 'set2-7' must be an object",
    ),
    "metadata twice": (
        written("metadata", lambda text: text[:-1] + ', "set2-7": {}}'),
        r"metadata\.json: it has the key 'set2-7' twice",
    ),
    "a list of metadata": (written("metadata", lambda _: "[]"), r"metadata\.json: it must be an object from card id"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_build_refuses_what_is_wrong_and_says_what_and_where(name: str, cards: Deck, reference: Reference) -> None:
    spoil, reason = REFUSED[name]
    spoil(cards)
    with pytest.raises(Refused, match=reason):
        build(reference, cards.inputs, version="first")
    assert list(reference.names()) == []


def test_all_that_is_wrong_is_told_up_to_twenty(cards: Deck, reference: Reference) -> None:
    with_row(2)(cards)
    rewritten(lambda rows: rows * 2)(cards)
    with pytest.raises(Refused, match=r"row 0: .*; embeddings\.npy, row 19: .*; and more"):
        build(reference, cards.inputs)


def test_a_row_of_almost_length_one_is_taken(cards: Deck, reference: Reference) -> None:
    with_row(1.0009)(cards)
    assert list(findings(build(reference, cards.inputs))) == []


def test_the_program_says_in_one_line_what_to_mend(cards: Deck, reference: Reference) -> None:
    with_number(float("nan"))(cards)
    done = program(*build_words(cards), reference=reference)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("embeddings.npy, row 7: its number 3 is nan")


def test_the_program_builds_publishes_and_lists(cards: Deck, reference: Reference) -> None:
    built = json.loads(program(*build_words(cards), reference=reference).stdout)
    assert (built["rows"], built["dims"]) == (ROWS, DIMS)
    assert json.loads(program("publish", built["version"], reference=reference).stdout)["version"] == built["version"]
    [listed] = json.loads(program("versions", reference=reference).stdout)
    assert listed["current"]
    assert program("verify", "none", reference=reference).returncode == 1
