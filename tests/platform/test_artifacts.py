"""Objects are added once and read as they were, in S3 and in a folder alike."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from loupe import artifacts
from loupe.artifacts import Artifacts, WrittenByAnother, open_artifacts, open_beside


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Artifacts]:
    if request.param == "folder":
        yield open_artifacts(str(tmp_path / "a"))
        return
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
