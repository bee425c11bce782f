"""Objects are added once and read as they were, in S3 and in a folder alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from loupe import artifacts
from loupe.artifacts import Artifacts, TooLarge, WrittenByAnother, open_artifacts, open_beside


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Artifacts:
    if request.param == "folder":
        return open_artifacts(str(tmp_path / "a"))
    found: Artifacts = request.getfixturevalue("s3_place")
    return found


@pytest.fixture
def s3_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Artifacts]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    artifacts._s3.cache_clear()
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bucket")
        yield open_artifacts("s3://bucket/a/b/")
    artifacts._s3.cache_clear()


def test_what_is_added_is_read(place: Artifacts, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)
    place.add("one.txt", b"1")
    place.add("two.bin", tmp_path / "file")
    assert place.read("one.txt") == b"1"
    assert place.read("two.bin") == b"x" * 3_000_000
    assert place.size("two.bin") == 3_000_000
    assert list(place.names()) == ["one.txt", "two.bin"]
    assert list(place.names("two")) == ["two.bin"]


def test_an_object_is_written_once_and_the_same_again_is_no_harm(place: Artifacts) -> None:
    place.add("one", b"first")
    place.add("one", b"first")
    for other in (b"other", b"first and more", b"fir"):
        with pytest.raises(WrittenByAnother, match="one is there already"):
            place.add("one", other)
    assert place.read("one") == b"first"


def test_an_open_object_is_read_anywhere(place: Artifacts) -> None:
    body = bytes(range(256)) * 20_000
    place.add("big", body)
    with place.open("big") as file:
        assert file.seek(-7, 2) == len(body) - 7
        assert file.read() == body[-7:]
        file.seek(1000)
        assert file.read(2_000_000) == body[1000:2_001_000]
        assert file.tell() == 2_001_000


def test_a_part_of_an_object_is_what_there_is_of_it(place: Artifacts) -> None:
    place.add("ten", b"0123456789")
    assert place.read_part("ten", 3, 4) == b"3456"
    assert place.read_part("ten", 8, 4) == b"89"
    assert place.read_part("ten", 10, 4) == b""
    with pytest.raises(FileNotFoundError):
        place.read_part("none", 0, 1)


def test_threads_that_replace_the_same_object_at_once_do_not_mix_their_bytes(tmp_path: Path) -> None:
    place = open_artifacts(str(tmp_path / "a"))
    place.add("one", b"first")
    seen, bodies = place.version("one"), [bytes([number]) * 3_000_000 for number in range(8)]

    def replaced(number: int) -> bool:
        body = tmp_path / str(number)
        body.write_bytes(bodies[number])
        try:
            place.replace("one", body, seen=seen)
        except WrittenByAnother:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(replaced, range(8)))
    assert won.count(True) == 1
    assert place.read("one") == bodies[won.index(True)]


def test_what_is_not_there_is_not_found(place: Artifacts) -> None:
    for ask in (place.read, place.size, place.open):
        with pytest.raises(FileNotFoundError):
            ask("none")
    assert list(place.names()) == []


def test_more_objects_than_one_page_of_a_list_holds(place: Artifacts) -> None:
    if place.url.startswith("s3://"):
        for number in range(1100):
            place.add(f"{number:05}", b"")
        assert list(place.names()) == [f"{number:05}" for number in range(1100)]


@pytest.mark.parametrize(
    ("url", "parent", "name"),
    [("s3://b/x/y.z", "s3://b/x", "y.z"), ("s3://b/y.z", "s3://b", "y.z"), ("a/b", "a", "b"), ("b", ".", "b")],
)
def test_an_object_lies_beside_others(url: str, parent: str, name: str) -> None:
    folder, found = open_beside(url)
    assert (folder.url, found) == (parent, name)


@mock_aws
def test_a_version_of_an_object_is_read_though_a_newer_one_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    artifacts._s3.cache_clear()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="versions", Key="k", Body=b"first")["VersionId"]
    s3.put_object(Bucket="versions", Key="k", Body=b"second")
    with open_artifacts("s3://versions").open("k", first) as file:
        assert file.read() == b"first"
    artifacts._s3.cache_clear()


def test_folders_are_listed_and_everything_below_is_walked_in_the_order_of_names(place: Artifacts) -> None:
    for name in ("b/two/x", "b.txt", "b/one", "a", "b/two/y/z", "c/d"):
        place.add(name, b"")
    assert list(place.folders()) == ["b", "c"]
    assert list(place.names()) == ["a", "b.txt"]
    assert list(place.walk()) == ["a", "b.txt", "b/one", "b/two/x", "b/two/y/z", "c/d"]
    assert list(open_artifacts(f"{place.url}/b").folders()) == ["two"]


def test_an_object_is_created_by_one_alone(place: Artifacts) -> None:
    assert place.create("one", b"first")
    assert not place.create("one", b"first")
    assert place.read("one") == b"first"


def test_more_bytes_than_a_reader_takes_are_not_read(place: Artifacts) -> None:
    place.add("one", b"12345")
    assert place.read("one", most_bytes=5) == b"12345"
    with pytest.raises(TooLarge, match="one has more than 4 bytes"):
        place.read("one", most_bytes=4)


def test_a_version_follows_only_the_one_that_was_seen(place: Artifacts, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.write_bytes(b"new")
    assert place.version("one") is None
    place.replace("one", new, seen=None)
    first = place.version("one")
    new.write_bytes(b"newer")
    place.replace("one", new, seen=first)
    last = place.version("one")
    place.replace("one", new, seen=last)
    assert (place.read("one"), place.version("one")) == (b"newer", last)
    new.write_bytes(b"newest")
    for seen in (None, first):
        with pytest.raises(WrittenByAnother, match="one has been written meanwhile"):
            place.replace("one", new, seen=seen)
    with pytest.raises((WrittenByAnother, FileNotFoundError)):
        place.replace("none", new, seen=first)


def test_a_version_that_is_replaced_while_it_is_compared_is_somebody_elses(
    s3_place: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(b"ours")
    theirs.write_bytes(b"theirs")
    s3_place.add("one", b"first")
    seen, opened = s3_place.version("one"), s3_place.open

    def raced(name: str, version: str | None = None) -> Any:
        monkeypatch.setattr(s3_place, "open", opened)
        file = opened(name, version)
        s3_place.replace("one", theirs, seen=seen)
        return file

    monkeypatch.setattr(s3_place, "open", raced)
    with pytest.raises(WrittenByAnother, match="one has been written meanwhile"):
        s3_place.replace("one", ours, seen=seen)
    assert s3_place.read("one") == b"theirs"


def test_writers_at_the_same_instant_try_again(s3_place: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    put, refusals = artifacts._s3().put_object, iter(range(2))

    def conflicting(**request: Any) -> Any:
        if next(refusals, None) is not None:
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")
        return put(**request)

    monkeypatch.setattr(artifacts._s3(), "put_object", conflicting)
    s3_place.add("one", b"whole")
    assert s3_place.read("one") == b"whole"
