"""Objects in S3: every current one is listed in order, checksums spare downloads, broken streams are read on."""

import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ResponseStreamingError
from botocore.response import StreamingBody
from moto import mock_aws

from lambdas.archive.bucket import S3Objects
from lambdas.archive.checksums import ASK_FROM_BYTES, Checksum, Evidence, sha256_of
from lambdas.archive.objects import ChangedMeanwhile, Cold, Found

ODD = [
    "a b+c%41/ü?v=1&w=2#h.png",
    "x" * 900,
    "line\nbreak",
    "tab\there",
    "\u2028",
    "\U0001f426",
    "~",
    "a/b",
    "a-b",
    "a",
]
LARGE = bytes(range(256)) * (ASK_FROM_BYTES // 256)


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="project")
        client.put_bucket_versioning(Bucket="project", VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def asked(s3: Any) -> Counter[str]:
    """What S3 is asked, by action."""
    counted = Counter[str]()
    s3.meta.events.register("before-call.s3", lambda model, **_: counted.update([model.name]))
    return counted


def only(objects: S3Objects, key: str) -> Found:
    [found] = [one for one in objects.walk() if one.key == key]
    return found


def test_every_current_object_is_listed_in_the_order_of_keys_whatever_they_are(s3: Any) -> None:
    for key in ODD:
        s3.put_object(Bucket="project", Key=f"data/{key}", Body=b"old")
        s3.put_object(Bucket="project", Key=f"data/{key}", Body=key.encode())
    s3.put_object(Bucket="project", Key="data/gone", Body=b"x")
    s3.delete_object(Bucket="project", Key="data/gone")
    s3.put_object(Bucket="project", Key="elsewhere", Body=b"x")
    objects = S3Objects("s3://project/data", s3)
    assert [found.key for found in objects.walk()] == sorted(ODD)
    for found in objects.walk():
        assert b"".join(objects.blocks(found)) == found.key.encode()
        assert objects.is_there(found)
    assert [found.key for found in objects.walk(after="a-b")] == [key for key in sorted(ODD) if key > "a-b"]
    assert [found.key for found in S3Objects("s3://project/data", s3, versions=False).walk()] == sorted(ODD)


def test_a_checksum_that_s3_keeps_of_the_whole_object_spares_the_download(s3: Any, asked: Counter[str]) -> None:
    s3.put_object(Bucket="project", Key="large", Body=LARGE, ChecksumAlgorithm="SHA256")
    objects = S3Objects("s3://project", s3)
    checksum = sha256_of(objects, only(objects, "large"))
    assert checksum == Checksum(hashlib.sha256(LARGE).hexdigest(), Evidence.RECORDED)
    assert (asked["HeadObject"], asked["GetObject"]) == (1, 0)
    assert sha256_of(objects, only(objects, "large"), read_all=True).evidence is Evidence.READ


def test_a_checksum_of_checksums_of_parts_is_not_the_objects(s3: Any, asked: Counter[str]) -> None:
    upload = s3.create_multipart_upload(Bucket="project", Key="parts", ChecksumAlgorithm="SHA256")["UploadId"]
    body = LARGE * 81
    part = s3.upload_part(
        Bucket="project", Key="parts", UploadId=upload, PartNumber=1, Body=body, ChecksumAlgorithm="SHA256"
    )
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    s3.complete_multipart_upload(Bucket="project", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    objects = S3Objects("s3://project", s3)
    checksum = sha256_of(objects, only(objects, "parts"))
    assert checksum == Checksum(hashlib.sha256(body).hexdigest(), Evidence.READ)
    assert asked["GetObject"] == 1


@pytest.mark.parametrize(
    "told",
    [
        {"ChecksumSHA256": "c2FtZQ==-3"},
        {"ChecksumSHA256": "c2FtZQ==", "ChecksumType": "COMPOSITE"},
        {"ChecksumCRC32": "AAAA"},
    ],
)
def test_no_other_checksum_is_taken_for_a_sha256_of_all_bytes(s3: Any, told: dict[str, str]) -> None:
    s3.put_object(Bucket="project", Key="large", Body=LARGE)
    objects = S3Objects("s3://project", s3)
    found = only(objects, "large")
    objects.client.head_object = lambda **_: told  # type: ignore[method-assign, assignment]  # an answer that moto does not give
    assert objects.recorded_sha256(found) is None


def test_nobody_is_asked_where_the_listing_names_other_checksums_or_reading_is_as_quick(
    s3: Any, asked: Counter[str]
) -> None:
    objects = S3Objects("s3://project", s3)
    for key, body in (("large", LARGE), ("small", b"small"), ("empty", b"")):
        s3.put_object(Bucket="project", Key=key, Body=body)
    large = only(objects, "large")
    told = Found(
        key="large",
        size=large.size,
        etag=large.etag,
        modified=large.modified,
        version=large.version,
        algorithms=("CRC64NVME",),
    )
    for found in (told, only(objects, "small"), only(objects, "empty")):
        sha256_of(objects, found)
    assert (asked["HeadObject"], asked["GetObject"]) == (0, 2)


def test_a_version_is_read_even_when_it_is_not_the_newest_and_an_object_without_versions_only_as_listed(
    s3: Any,
) -> None:
    s3.create_bucket(Bucket="plain")
    for bucket in ("project", "plain"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"first")
        objects = S3Objects(f"s3://{bucket}", s3)
        found = only(objects, "a")
        s3.put_object(Bucket=bucket, Key="a", Body=b"other")
        assert not objects.is_there(found)
        if bucket == "project":
            assert b"".join(objects.blocks(found)) == b"first"
        else:
            with pytest.raises(ChangedMeanwhile, match="s3://plain/a has been changed"):
                list(objects.blocks(found))


def test_a_stream_that_breaks_is_read_on_from_where_it_broke(s3: Any) -> None:
    s3.put_object(Bucket="project", Key="large", Body=LARGE)
    objects = S3Objects("s3://project", s3)
    found, get, asked = only(objects, "large"), s3.get_object, []

    def breaking(**wanted: Any) -> Any:
        asked.append(wanted.get("Range"))
        answer = get(**wanted)
        if len(asked) < 3:
            answer["Body"] = Breaking(answer["Body"].read()[:1000])
        return answer

    objects.client.get_object = breaking  # type: ignore[method-assign]  # a connection that breaks
    assert b"".join(objects.blocks(found)) == LARGE
    assert asked == [None, "bytes=1000-", "bytes=2000-"]


class Breaking(StreamingBody):
    """A body that breaks after its last byte."""

    def __init__(self, body: bytes) -> None:
        super().__init__(io.BytesIO(body), len(body))

    def iter_chunks(self, chunk_size: int = 1024) -> Iterator[bytes]:
        yield from super().iter_chunks(chunk_size)
        raise ResponseStreamingError(error="broken")


def test_what_lies_in_glacier_is_not_read_and_says_so(s3: Any) -> None:
    s3.put_object(Bucket="project", Key="cold", Body=b"cold", StorageClass="DEEP_ARCHIVE")
    objects = S3Objects("s3://project", s3)
    with pytest.raises(Cold, match="s3://project/cold is in DEEP_ARCHIVE, and has to be restored"):
        sha256_of(objects, only(objects, "cold"))
