"""Which version answers after a kill, a race, a rollback: always a whole one, and always one that somebody chose."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from containers.search import publication
from containers.search.build import build
from containers.search.findings import Finding, Refused
from containers.search.publication import publish, rollback, versions
from containers.search.verification import findings
from loupe.artifacts import WrittenByAnother
from loupe.reference import NoSuchVersion, NotPublished, Reference, Version
from tests.search.cards import Deck, deck
from tests.search.programs import build_words, program


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
