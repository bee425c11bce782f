"""An import copies what is not there, overwrites nothing, and does the same again without harm."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas.archive import copies
from lambdas.archive.bucket import S3Objects
from lambdas.archive.copies import Copies, Occupied
from lambdas.archive.imports import Arrival, Came, Import, plan
from lambdas.archive.objects import FolderObjects, Objects
from lambdas.archive.tree import tree

ODD = ["a b+c%41/ü?v=1.png", "x" * 900, "line\nbreak", "\U0001f426"]


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3")
        for bucket in ("project", "old"):
            client.create_bucket(Bucket=bucket)
        client.put_bucket_versioning(Bucket="project", VersioningConfiguration={"Status": "Enabled"})
        for key in ODD:
            client.put_object(Bucket="old", Key=f"cards/data/raw/{key}", Body=key.encode(), ContentType="image/x")
        client.put_object(Bucket="old", Key="cards/data/raw/", Body=b"")
        client.put_object(Bucket="old", Key="cards/metadata/project_manifest.json", Body=b"of another program")
        yield client


@pytest.fixture
def old(s3: Any) -> S3Objects:
    return S3Objects("s3://old/cards", s3, versions=False)


@pytest.fixture
def project(s3: Any) -> S3Objects:
    return S3Objects("s3://project", s3)


def imported(source: Objects, project: S3Objects, **more: Any) -> list[Arrival]:
    found = plan(source, project, tree())
    return list(Import(source, project, **more).arrivals(found.planned))


def came(arrivals: list[Arrival]) -> Counter[Came]:
    return Counter(arrival.came for arrival in arrivals)


def body(s3: Any, key: str) -> bytes:
    return bytes(s3.get_object(Bucket="project", Key=key)["Body"].read())


def test_everything_is_copied_by_s3_itself_and_again_nothing_is(old: S3Objects, project: S3Objects, s3: Any) -> None:
    asked = Counter[str]()
    s3.meta.events.register("before-call.s3", lambda model, **_: asked.update([model.name]))
    assert came(imported(old, project)) == {Came.COPIED: len(ODD)}
    assert (asked["CopyObject"], asked["GetObject"], asked["PutObject"]) == (len(ODD), 0, 0)
    assert [found.key for found in project.walk()] == sorted(f"data/raw/{key}" for key in ODD)
    for key in ODD:
        assert body(s3, f"data/raw/{key}") == key.encode()
    versions = [found.version for found in project.walk()]
    assert came(imported(old, project)) == {Came.PRESENT: len(ODD)}
    assert [found.version for found in project.walk()] == versions
    assert asked["CopyObject"] == len(ODD)
    assert not [action for action in asked if action.startswith("Delete")]


def test_folder_markers_and_another_archives_own_records_stay_away(old: S3Objects, project: S3Objects) -> None:
    found = plan(old, project, tree())
    assert (found.left_out, found.strays, len(found.planned)) == (2, [], len(ODD))


def test_what_has_no_place_is_a_stray_unless_it_is_put_below_one(s3: Any, old: S3Objects, project: S3Objects) -> None:
    s3.put_object(Bucket="old", Key="cards/notes.txt", Body=b"notes")
    assert plan(old, project, tree()).strays == ["notes.txt"]
    below = plan(old, project, tree(), into="experiments/old/")
    assert below.strays == []
    assert "experiments/old/notes.txt" in {one.key for one in below.planned}
    s3.put_object(Bucket="old", Key="cards/data/raw/" + "y" * 1000, Body=b"long")
    assert plan(old, project, tree(), into="experiments/old/").strays == ["experiments/old/data/raw/" + "y" * 1000]


@pytest.mark.parametrize("there", [b"other bytes", b"\x00" * len(ODD[0].encode())])
def test_other_bytes_at_a_key_stay_and_are_named(s3: Any, old: S3Objects, project: S3Objects, there: bytes) -> None:
    key = f"data/raw/{ODD[0]}"
    s3.put_object(Bucket="project", Key=key, Body=there)
    arrivals = imported(old, project)
    [differs] = [arrival for arrival in arrivals if arrival.came is Came.DIFFERS]
    assert differs.key == key
    assert differs.reason
    assert body(s3, key) == there
    assert came(arrivals)[Came.COPIED] == len(ODD) - 1


def test_an_import_that_was_stopped_does_not_look_again_at_what_it_told_of(
    s3: Any, old: S3Objects, project: S3Objects
) -> None:
    told = {arrival.key: arrival for arrival in imported(old, project)}
    asked = Counter[str]()
    s3.meta.events.register("before-call.s3", lambda model, **_: asked.update([model.name]))
    assert came(imported(old, project, told=told)) == {Came.PRESENT: len(ODD)}
    assert set(asked) == {"ListObjectsV2", "ListObjectVersions"}
    s3.put_object(Bucket="old", Key=f"cards/data/raw/{ODD[1]}", Body=b"z" * 900)
    assert came(imported(old, project, told=told))[Came.DIFFERS] == 1


def test_a_dry_run_copies_nothing(old: S3Objects, project: S3Objects) -> None:
    found = plan(old, project, tree())
    assert came(list(Import(old, project).arrivals(found.planned, dry_run=True))) == {Came.COPIED: len(ODD)}
    assert list(project.walk()) == []


def test_a_folder_is_sent_with_checksums_that_s3_keeps(s3: Any, project: S3Objects, tmp_path: Path) -> None:
    (tmp_path / "data" / "raw" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "deep" / "ü b+c%.png").write_bytes(b"one" * 30_000)
    (tmp_path / "data" / "raw" / "empty").write_bytes(b"")
    (tmp_path / ".hidden").write_bytes(b"a draft")
    folder = FolderObjects(str(tmp_path))
    arrivals = imported(folder, project)
    assert came(arrivals) == {Came.COPIED: 2}
    [empty, deep] = sorted(project.walk(), key=lambda found: found.size)
    assert (project.recorded_sha256(deep), empty.size) == (arrivals[0].sha256, 0)
    assert came(imported(folder, project)) == {Came.PRESENT: 2}


class Refusing:
    """A bucket whose policy asks for conditions, in the eyes of an S3 that takes no copies with them."""

    def __init__(self, s3: Any, code: str) -> None:
        self._s3, self._code = s3, code
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def copy_object(self, **_: Any) -> None:
        self.refused += 1
        raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "CopyObject")


@pytest.mark.parametrize("code", ["AccessDenied", "NotImplemented"])
def test_where_conditional_copies_are_refused_parts_are_put_together_on_the_condition(
    s3: Any, old: S3Objects, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "COPIED_PART_BYTES", 5 << 20)
    large = bytes(6 << 20)
    s3.put_object(Bucket="old", Key="cards/data/raw/large", Body=large, ContentType="image/x", Metadata={"a": "b"})
    refusing: Any = Refusing(s3, code)
    project, asked = S3Objects("s3://project", refusing), Counter[str]()
    s3.meta.events.register("before-call.s3", lambda model, **_: asked.update([model.name]))
    assert came(imported(old, project)) == {Came.COPIED: len(ODD) + 1}
    assert (asked["UploadPartCopy"], asked["GetObject"]) == (len(ODD) + 2, 0)
    head = s3.head_object(Bucket="project", Key="data/raw/large")
    assert (head["ContentLength"], head["ContentType"], head["Metadata"]) == (len(large), "image/x", {"a": "b"})
    assert s3.list_multipart_uploads(Bucket="project").get("Uploads", []) == []
    with pytest.raises(Occupied, match="s3://project/data/raw/large has an object already"):
        Copies(project).add("data/raw/large", old, next(old.walk("data/raw/large")))
    assert s3.list_multipart_uploads(Bucket="project").get("Uploads", []) == []


def test_a_copy_that_fails_otherwise_leaves_no_parts_and_is_told(s3: Any, old: S3Objects) -> None:
    refusing: Any = Refusing(s3, "AccessDenied")
    refusing.upload_part_copy = refusing.copy_object
    arrivals = imported(old, S3Objects("s3://project", refusing))
    assert came(arrivals) == {Came.FAILED: len(ODD)}
    assert all("AccessDenied" in str(arrival.reason) for arrival in arrivals)
    assert s3.list_multipart_uploads(Bucket="project").get("Uploads", []) == []


def test_a_writer_at_the_same_instant_is_waited_for(s3: Any, old: S3Objects) -> None:
    refusing: Any = Refusing(s3, "ConditionalRequestConflict")
    with pytest.raises(ClientError, match="ConditionalRequestConflict"):
        imported(old, S3Objects("s3://project", refusing))
    assert refusing.refused >= copies.CONFLICTS


def test_a_file_above_what_s3_takes_at_once_is_sent_in_parts(
    s3: Any, project: S3Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "WHOLE_BYTES", 1)
    monkeypatch.setattr(copies, "SENT_PART_BYTES", 5 << 20)
    large = bytes(range(256)) * (6 << 12)
    (tmp_path / "models" / "m" / "v1").mkdir(parents=True)
    (tmp_path / "models" / "m" / "v1" / "x").write_bytes(large)
    folder = FolderObjects(str(tmp_path))
    assert came(imported(folder, project)) == {Came.COPIED: 1}
    assert body(s3, "models/m/v1/x") == large
    assert came(imported(folder, project)) == {Came.PRESENT: 1}
