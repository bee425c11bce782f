"""`python -m containers.search`: what it builds, what it refuses and why, and which version answers after a fault."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from containers.search import publication
from containers.search.build import build
from containers.search.findings import Finding, Refused
from containers.search.publication import publish, rollback, versions
from containers.search.verification import findings
from loupe.artifacts import WrittenByAnother
from loupe.loaded import load
from loupe.reference import NoSuchVersion, NotPublished, Reference, Version
from tests.search.cards import DIMS, ROWS, Deck, deck

ROOT = Path(__file__).parents[2]
FILES = ["bounds.npy", "cards.json.gz", "codes.npy", "embeddings.npy", "index.json", "metadata.json", "version.json"]


@pytest.fixture
def cards(tmp_path: Path) -> Deck:
    return deck(tmp_path / "deck")


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    return Reference(str(tmp_path / "reference"))


@pytest.fixture
def version(cards: Deck, reference: Reference) -> Version:
    return build(reference, cards.inputs, version="first")


def program(*words: str | Path, reference: Reference, code: str = "") -> "subprocess.CompletedProcess[str]":
    """The program in a process of its own, after some code that disturbs it."""
    run = f"{code}\nimport sys; from containers.search.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", run, *map(str, words)]
    environment = {**os.environ, "LOUPE_REFERENCE": reference.root.url}
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False, timeout=120)


def build_words(cards: Deck) -> list[str | Path]:
    return ["build", cards.embeddings, "--index-json", cards.index, "--metadata", cards.metadata]


def files(version: Version) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(version.folder.url).iterdir()}


def test_a_version_that_was_built_verifies_and_answers(version: Version, cards: Deck) -> None:
    assert list(findings(version)) == []
    assert sorted(files(version)) == FILES
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


def flipped(version: Version, file: str, at: int = -2) -> None:
    path = Path(version.folder.url, file)
    body = bytearray(path.read_bytes())
    body[at] ^= 0x10
    path.write_bytes(body)


@pytest.mark.parametrize("file", FILES[:-1])
def test_a_flipped_byte_is_refused_with_the_file_and_both_checksums(
    file: str, version: Version, reference: Reference
) -> None:
    flipped(version, file)
    with pytest.raises(Refused, match=rf"{file}: it has \d+ bytes with SHA-256 \w{{64}}, and version.json says"):
        publish(reference, "first")
    with pytest.raises(NotPublished):
        reference.pointer()


def test_a_flipped_byte_in_a_row_is_refused_with_the_row(version: Version) -> None:
    flipped(version, "embeddings.npy", 128 + 4 * DIMS * 17 + 5)
    assert {finding.row for finding in findings(version)} == {None, 17}


def test_a_file_that_is_gone_cut_or_added_is_named(version: Version) -> None:
    folder = Path(version.folder.url)
    (folder / "codes.npy").unlink()
    (folder / "index.json").write_bytes((folder / "index.json").read_bytes()[:-1])
    (folder / "notes.txt").write_text("mine")
    told = [str(finding) for finding in findings(version)]
    assert any(text.startswith("codes.npy: it is gone; version.json says it has 9728 bytes") for text in told)
    assert any(text.startswith("index.json: it has") for text in told)
    assert any(text.startswith("notes.txt: nothing may lie here") for text in told)


def sealed_anew(version: Version, file: str, array: Any) -> Version:
    """A version whose seal knows what was done to it, as a faulty program would write it."""
    from containers.search.assembly import digest  # noqa: PLC0415  # what that program would use

    path = Path(version.folder.url, file)
    np.save(path, array)
    version.facts["files"][file] = digest(path)
    return Version(version.name, version.facts, version.folder)


def test_codes_that_are_not_of_their_rows_are_refused_though_they_are_sealed(version: Version) -> None:
    codes = np.load(Path(version.folder.url, "codes.npy"))
    codes[17] = -codes[17]
    assert [str(finding)[:20] for finding in findings(sealed_anew(version, "codes.npy", codes))] == [
        "codes.npy, row 17: i"
    ]


def test_bounds_that_promise_too_much_are_refused_though_they_are_sealed(version: Version) -> None:
    bounds = np.load(Path(version.folder.url, "bounds.npy"))
    bounds["error"][17] /= 2
    [finding] = findings(sealed_anew(version, "bounds.npy", bounds))
    assert finding.row == 17
    assert "bounds.npy says at most" in finding.reason


def test_bounds_with_a_row_twice_are_refused(version: Version) -> None:
    bounds = np.load(Path(version.folder.url, "bounds.npy"))
    bounds["row"][17] = 16
    assert [finding.file for finding in findings(sealed_anew(version, "bounds.npy", bounds))] == ["bounds.npy"]


@pytest.mark.parametrize("writes", [0, 3, 6])
def test_a_build_that_is_killed_is_no_version_and_is_completed_by_the_next(
    writes: int, cards: Deck, reference: Reference
) -> None:
    """Killed when it is about to write its first file, one in the middle, and the seal."""
    kill = f"""if True:
        import os
        from loupe.artifacts import FolderArtifacts
        create, written = FolderArtifacts._create, []
        def killed(self, name, body):
            if len(written) == {writes}:
                os._exit(9)
            written.append(name)
            return create(self, name, body)
        FolderArtifacts._create = killed"""
    assert program(*build_words(cards), reference=reference, code=kill).returncode == 9
    assert not any(told["sealed"] for told in versions(reference))
    names = list(reference.names())
    completed = build(reference, cards.inputs)
    assert list(findings(completed)) == []
    assert names in ([], [completed.name])


def test_a_publication_that_is_killed_before_the_pointer_changes_nothing(
    version: Version, reference: Reference
) -> None:
    kill = "import os; from loupe.artifacts import FolderArtifacts as F; F._replace = lambda *_: os._exit(9)"
    assert program("publish", "first", reference=reference, code=kill).returncode == 9
    with pytest.raises(NotPublished):
        reference.pointer()
    assert publish(reference, version.name).version == "first"


def test_of_two_that_publish_at_the_same_time_one_is_told_that_it_lost(
    version: Version, reference: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(reference, deck(tmp_path / "other", seed=2).inputs, version="second")
    both_have_seen_the_pointer = threading.Barrier(2)

    def findings_of_both(version: Version) -> list[Finding]:
        both_have_seen_the_pointer.wait(timeout=60)
        return list(findings(version))

    monkeypatch.setattr(publication, "findings", findings_of_both)

    def attempt(name: str) -> str:
        try:
            return publish(reference, name).version
        except WrittenByAnother as error:
            return str(error)

    with ThreadPoolExecutor(2) as threads:
        told = sorted(threads.map(attempt, ["first", "second"]), key=len)
    assert told[0] == reference.pointer().version
    assert "has been written meanwhile" in told[1]


def test_the_pointer_goes_forth_and_back(version: Version, reference: Reference, tmp_path: Path) -> None:
    build(reference, deck(tmp_path / "other", seed=2).inputs, version="second")
    assert publish(reference, "first").previous is None
    assert publish(reference, "second").previous == "first"
    assert rollback(reference).version == "first"
    assert reference.pointer().previous == "second"
    assert [told["version"] for told in versions(reference) if told["current"]] == ["first"]
    assert rollback(reference, "second").version == "second"


def test_publishing_what_is_published_writes_nothing(version: Version, reference: Reference) -> None:
    publish(reference, "first")
    before = reference.root.version("current.json")
    publish(reference, "first")
    assert reference.root.version("current.json") == before


def test_there_is_no_going_back_to_what_is_not_whole(version: Version, reference: Reference, tmp_path: Path) -> None:
    publish(reference, "first")
    with pytest.raises(NoSuchVersion, match="knows no version before"):
        rollback(reference)
    build(reference, deck(tmp_path / "other", seed=2).inputs, version="second")
    publish(reference, "second")
    Path(version.folder.url, "codes.npy").write_bytes(b"")
    with pytest.raises(Refused, match=r"codes\.npy: it has 0 bytes, and version\.json says 9728"):
        rollback(reference)
    assert reference.pointer().version == "second"


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
