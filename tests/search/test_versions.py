"""Which versions a warm function holds, and when it looks for another."""

from dataclasses import dataclass, field

import pytest

from lambdas.search.versions import OTHERS, Unreadable, Versions
from loupe.reference import NoSuchVersion, NotPublished
from loupe.rows import Damaged

SECONDS = 30.0


@dataclass(frozen=True)
class Found:
    name: str


@dataclass
class Bucket:
    """Versions by name, one of them published; how often each was loaded; a clock that only a test moves."""

    published: str | None = "a"
    damaged: set[str] = field(default_factory=set)
    looks: int = 0
    loads: list[str] = field(default_factory=list)
    told: list[Exception] = field(default_factory=list)
    now: float = 1000.0

    def versions(self) -> Versions[Found]:
        return Versions(
            published=self.pointer,
            load=self.load,
            failed=self.told.append,
            look_again_seconds=SECONDS,
            clock=lambda: self.now,
        )

    def pointer(self) -> str:
        self.looks += 1
        if self.published is None:
            raise NotPublished("nothing is published")
        return self.published

    def load(self, name: str) -> Found:
        self.loads.append(name)
        if name in self.damaged:
            raise Damaged(f"{name} is damaged")
        if name == "nowhere":
            raise NoSuchVersion("there is no nowhere")
        return Found(name)


def test_the_pointer_is_looked_at_once_in_so_many_seconds_and_a_version_is_loaded_once() -> None:
    bucket = Bucket()
    versions = bucket.versions()
    for _ in range(5):
        assert versions.current().name == "a"
        bucket.now += SECONDS / 10
    assert (bucket.looks, bucket.loads) == (1, ["a"])
    bucket.now += SECONDS
    assert versions.current().name == "a"
    assert (bucket.looks, bucket.loads) == (2, ["a"])


def test_a_new_version_answers_once_it_is_seen_and_the_one_before_is_there_at_once() -> None:
    bucket = Bucket()
    versions = bucket.versions()
    versions.current()
    bucket.published = "b"
    assert versions.current().name == "a"
    bucket.now += SECONDS
    assert versions.current().name == "b"
    bucket.published = "a"
    bucket.now += SECONDS
    assert versions.current().name == "a"
    assert bucket.loads == ["a", "b"]


@pytest.mark.parametrize("trouble", ["damaged", "nowhere", None])
def test_a_version_that_cannot_be_loaded_is_told_and_the_old_one_serves(trouble: str | None) -> None:
    bucket = Bucket(damaged={"damaged"})
    versions = bucket.versions()
    versions.current()
    bucket.published = trouble
    bucket.now += SECONDS
    assert versions.current().name == "a"
    assert versions.current().name == "a"
    assert len(bucket.told) == 1
    bucket.published = "c"
    bucket.now += SECONDS
    assert versions.current().name == "c"
    assert len(bucket.told) == 1


@pytest.mark.parametrize("trouble", ["damaged", "nowhere"])
def test_the_first_version_that_cannot_be_loaded_is_an_error_until_it_can(trouble: str) -> None:
    bucket = Bucket(published=trouble, damaged={"damaged"})
    versions = bucket.versions()
    with pytest.raises(Unreadable, match=trouble):
        versions.current()
    bucket.published = "a"
    assert versions.current().name == "a"


def test_nothing_published_is_said_until_something_is() -> None:
    bucket = Bucket(published=None)
    versions = bucket.versions()
    with pytest.raises(NotPublished):
        versions.current()
    bucket.published = "a"
    assert versions.current().name == "a"


def test_the_versions_asked_for_last_are_kept_beside_the_published_one() -> None:
    bucket = Bucket()
    versions = bucket.versions()
    versions.current()
    names = ["b", "c", "d"][: OTHERS + 1]
    for name in names:
        assert versions.named(name).name == name
    assert versions.named("a").name == "a"
    assert versions.named(names[-1]).name == names[-1]
    assert bucket.loads == ["a", *names]
    versions.named(names[0])
    assert bucket.loads == ["a", *names, names[0]]
    assert versions.current().name == "a"
    assert bucket.loads.count("a") == 1
