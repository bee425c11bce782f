"""Promises of S3 that ministack alone does not keep."""

import base64
import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop import Laptop

pytestmark = pytest.mark.laptop


def test_a_range_of_a_version_is_that_range_of_that_version(laptop: Laptop) -> None:
    laptop.start()
    s3 = laptop.client("s3")
    s3.create_bucket(Bucket="plans")
    s3.put_bucket_versioning(Bucket="plans", VersioningConfiguration={"Status": "Enabled"})
    first = {"VersionId": s3.put_object(Bucket="plans", Key="a", Body=b"0123456789")["VersionId"]}
    s3.put_object(Bucket="plans", Key="a", Body=b"abc")
    for wanted, body, told in (("2-4", b"234", "2-4/10"), ("-3", b"789", "7-9/10"), ("8-99", b"89", "8-9/10")):
        found = s3.get_object(Bucket="plans", Key="a", Range=f"bytes={wanted}", **first)
        assert (found["Body"].read(), found["ContentRange"]) == (body, f"bytes {told}")
        assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert found["VersionId"] == first["VersionId"]
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket="plans", Key="a", Range="bytes=10-", **first)
    assert s3.get_object(Bucket="plans", Key="a", **first)["Body"].read() == b"0123456789"


def test_a_copy_keeps_its_conditions_and_the_checksum_that_it_asks_for(laptop: Laptop) -> None:
    laptop.start()
    s3 = laptop.client("s3")
    s3.create_bucket(Bucket="plans")
    first = s3.put_object(Bucket="plans", Key="a", Body=b"first")["ETag"]
    asked: Any = {"Bucket": "plans", "CopySource": {"Bucket": "plans", "Key": "a"}, "ChecksumAlgorithm": "SHA256"}
    s3.copy_object(**asked, Key="b", IfNoneMatch="*")
    head = s3.head_object(Bucket="plans", Key="b", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"first").digest()).decode()
    s3.put_object(Bucket="plans", Key="a", Body=b"second")
    for refused in ({"IfNoneMatch": "*"}, {"IfMatch": '"other"'}):
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.copy_object(**asked, **refused, Key="b")
    assert s3.get_object(Bucket="plans", Key="b")["Body"].read() == b"first"
    s3.copy_object(**asked, Key="b", IfMatch=first)
    assert s3.get_object(Bucket="plans", Key="b")["Body"].read() == b"second"
