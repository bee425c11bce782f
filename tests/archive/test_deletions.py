"""Only what is kept elsewhere, byte by byte the same and now, may go; custody never; and what went can come back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.archive.bucket import S3Objects
from lambdas.archive.copies import Occupied
from lambdas.archive.deletions import Candidate, Deletions, Kept, Mirror, NoCopy
from lambdas.archive.entries import Entry
from lambdas.archive.objects import FolderObjects
from lambdas.archive.restores import NoVersion, Restored, chosen, history, restore
from lambdas.archive.tree import tree
from tests.archive.memory import sha256


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3")
        for bucket in ("project", "old"):
            client.create_bucket(Bucket=bucket)
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def project(s3: Any) -> S3Objects:
    return S3Objects("s3://project", s3)


@pytest.fixture
def old(s3: Any) -> S3Objects:
    return S3Objects("s3://old/cards", s3)


def put(objects: S3Objects, key: str, body: bytes) -> Entry:
    """Write an object, and say what a manifest says of it."""
    told = objects.client.put_object(Bucket=objects.bucket, Key=objects.key(key), Body=body)
    etag = told["ETag"].strip('"')
    return Entry(key=key, size=len(body), sha256=sha256(body), etag=etag, version_id=told["VersionId"])


def deletions(place: S3Objects, project: S3Objects, entries: list[Entry]) -> Deletions:
    return Deletions(place, Kept(project, entries, but=place), tree(), project=project)


def keys(objects: S3Objects) -> list[str]:
    return [found.key for found in objects.walk()]


def reasons(candidates: list[Candidate]) -> dict[str, str | None]:
    return {one.found.key: one.reason for one in candidates}


def test_only_what_the_archive_has_goes_and_it_can_be_brought_back(project: S3Objects, old: S3Objects) -> None:
    entries = [put(project, "data/raw/a b+c%.png", b"kept")]
    for key, body in {"a b+c%.png": b"kept", "renamed": b"kept", "only here": b"only here", "empty": b""}.items():
        put(old, key, body)
    work = deletions(old, project, entries)
    plan = list(work.candidates())
    assert {one.found.key: one.copy.url for one in plan if one.copy} == dict.fromkeys(
        ["a b+c%.png", "renamed"], "s3://project/data/raw/a b+c%.png"
    )
    assert keys(old) == ["a b+c%.png", "empty", "only here", "renamed"]
    assert [one.found.key for one in work.deleted(plan) if one.copy] == ["a b+c%.png", "renamed"]
    assert keys(old) == ["empty", "only here"]
    versions = history(old, "renamed")
    assert restore(old, chosen(versions), versions) is Restored.BACK
    assert keys(old) == ["empty", "only here", "renamed"]


def test_what_the_manifest_only_says_is_no_copy(project: S3Objects, old: S3Objects, s3: Any) -> None:
    gone, changed = put(project, "data/raw/gone", b"gone"), put(project, "data/raw/changed", b"changed")
    s3.delete_object(Bucket="project", Key="data/raw/gone")
    put(project, "data/raw/changed", b"another")
    for key in ("gone", "changed"):
        put(old, key, key.encode())
    work = deletions(old, project, [gone, changed])
    plan = list(work.candidates())
    assert reasons(plan) == dict.fromkeys(["changed", "gone"], "no verified copy is known")
    assert list(work.deleted(plan)) == []
    assert keys(old) == ["changed", "gone"]


def test_a_copy_that_goes_after_the_plan_keeps_the_object(project: S3Objects, old: S3Objects, s3: Any) -> None:
    entries = [put(project, "data/raw/a", b"a")]
    put(old, "a", b"a")
    work = deletions(old, project, entries)
    plan = list(work.candidates())
    s3.delete_object(Bucket="project", Key="data/raw/a")
    [stayed] = work.deleted(plan)
    assert stayed.reason == "its copy is not there any more"
    assert keys(old) == ["a"]


def test_custody_stays_whatever_copies_it_has_and_twins_do_not_vouch_for_each_other(project: S3Objects) -> None:
    entries = [
        put(project, key, b"same") for key in ("data/raw/a", "experiments/x/a", "experiments/x/b", "experiments/y")
    ]
    everything = deletions(project, project, entries)
    assert {one.found.key: one.copy for one in everything.candidates()} == dict.fromkeys([e.key for e in entries])
    raw = deletions(S3Objects("s3://project/data/raw", project.client), project, entries)
    assert reasons(list(raw.candidates())) == {"a": "the tree's contract keeps it for ever"}
    plan = list(deletions(S3Objects("s3://project/experiments/x", project.client), project, entries).candidates())
    assert {one.found.key: one.copy.url for one in plan if one.copy} == dict.fromkeys("ab", "s3://project/data/raw/a")


def test_a_copy_at_another_root_is_read_now(project: S3Objects, old: S3Objects, tmp_path: Path) -> None:
    for key in ("a", "b", "c"):
        put(old, key, key.encode())
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"x")
    work = Deletions(old, Mirror(FolderObjects(str(tmp_path)), but=old), tree(), project=project)
    assert [one.found.key for one in work.deleted(list(work.candidates())) if one.copy] == ["a"]
    assert keys(old) == ["b", "c"]


@pytest.mark.parametrize("root", ["s3://old/cards", "s3://old", "s3://old/cards/deeper"])
def test_an_address_is_no_copy_of_itself(old: S3Objects, s3: Any, root: str) -> None:
    with pytest.raises(NoCopy, match="a copy must lie elsewhere"):
        Mirror(S3Objects(root, s3), but=old)


# Restores


def test_the_version_before_a_time_or_of_an_id_comes_back_on_top_and_nothing_goes(project: S3Objects) -> None:
    first, second = put(project, "experiments/a", b"first"), put(project, "experiments/a", b"second")
    versions = history(project, "experiments/a")
    assert [one.id for one in versions] == [second.version_id, first.version_id]
    with pytest.raises(NoVersion, match="it is there: name an earlier version"):
        chosen(versions)
    assert chosen(versions, version=first.version_id).version == first.version_id
    later = [replace(one, modified=one.modified + timedelta(days=1 - number)) for number, one in enumerate(versions)]
    assert chosen(later, before=later[0].modified).version == first.version_id
    assert chosen(later, before=later[0].modified + timedelta(seconds=1)).version == second.version_id
    assert restore(project, chosen(versions, version=first.version_id), versions) is Restored.BACK
    [newest, *_] = history(project, "experiments/a")
    assert newest.found
    assert b"".join(project.blocks(newest.found)) == b"first"
    assert len(history(project, "experiments/a")) == 3


def test_a_key_that_never_was_or_has_no_such_version_is_said(project: S3Objects) -> None:
    put(project, "experiments/ab", b"another key")
    with pytest.raises(NoVersion, match="nothing was ever written there"):
        chosen(history(project, "experiments/a"))
    versions = history(project, "experiments/ab")
    with pytest.raises(NoVersion, match=f"no such version; it has {versions[0].id} of 20"):
        chosen(versions, version="other")
    with pytest.raises(NoVersion, match="no such version"):
        chosen(versions, before=versions[0].modified - timedelta(days=1))


def test_a_deleted_object_is_not_put_over_one_that_came_meanwhile(
    project: S3Objects, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(project, "experiments/a", b"first")
    s3.delete_object(Bucket="project", Key="experiments/a")
    versions = history(project, "experiments/a")
    put(project, "experiments/a", b"meanwhile")
    copy = s3.copy_object

    def conditional(**asked: Any) -> Any:
        """As S3 does; moto copies whatever the condition says."""
        assert asked["IfNoneMatch"] == "*"
        s3.put_object(Bucket=asked["Bucket"], Key=asked["Key"], Body=b"", IfNoneMatch="*")
        return copy(**asked)

    monkeypatch.setattr(s3, "copy_object", conditional)
    with pytest.raises(Occupied):
        restore(project, chosen(versions), versions)


def test_what_lies_in_glacier_is_asked_for_once_and_copied_when_it_is_there(project: S3Objects) -> None:
    asked, copied = list[Any](), list[Any]()

    class Glacier:
        told = ""

        def head_object(self, **_: Any) -> dict[str, str]:
            return {"Restore": self.told}

        def restore_object(self, **wanted: Any) -> None:
            asked.append(wanted)
            self.told = 'ongoing-request="true"'

        def copy_object(self, **wanted: Any) -> dict[str, Any]:
            copied.append(wanted)
            return {"CopyObjectResult": {}}

    glacier: Any = Glacier()
    put(project, "profiling/a/b/c", b"cold")
    bucket, [version] = S3Objects("s3://project", glacier), history(project, "profiling/a/b/c")
    assert version.found
    cold = replace(version.found, version="v", storage_class="GLACIER")
    assert restore(bucket, cold, [version], tier="Bulk") is Restored.THAWING
    assert restore(bucket, cold, [version]) is Restored.THAWING
    assert [(one["VersionId"], one["RestoreRequest"]["GlacierJobParameters"]["Tier"]) for one in asked] == [
        ("v", "Bulk")
    ]
    glacier.told = 'ongoing-request="false", expiry-date="Fri, 21 Dec 2026 00:00:00 GMT"'
    assert restore(bucket, cold, [version]) is Restored.BACK
    assert [one["IfMatch"] for one in copied] == [f'"{version.found.etag}"']
