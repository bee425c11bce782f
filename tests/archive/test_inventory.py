"""An S3 inventory stands in for listing, where it is whole, of all versions, and of that bucket."""

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.archive.inventory import Inventory, UnlikeInventory

SCHEMA = (
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, ChecksumAlgorithm"
)
WHEN = "2026-01-11T04:00:00.000Z"
ROWS = [
    f'"project","data/raw/b%2Bc+d%C3%BC.png","v2","true","false","3","{WHEN}","e2","STANDARD","SHA256|CRC64NVME"',
    f'"project","data/raw/b%2Bc+d%C3%BC.png","v1","false","false","9","{WHEN}","e1","STANDARD",""',
    f'"project","data/raw/a.png","v1","true","false","1","{WHEN}","e3","GLACIER",""',
    f'"project","data/raw/gone.png","v3","true","true","","{WHEN}","","",""',
]
URL = "s3://inventories/project/all/2026-01-11T04-00Z/manifest.json"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="inventories")
        yield client


def put(s3: Any, **changes: Any) -> None:
    files = []
    for number, rows in enumerate((ROWS[:2], ROWS[2:])):
        body = io.BytesIO()
        with gzip.GzipFile(fileobj=body, mode="wb") as file:
            file.write("\n".join([*rows, ""]).encode())
        key, md5 = f"project/all/data/{number}.csv.gz", hashlib.md5(body.getvalue()).hexdigest()
        s3.put_object(Bucket="inventories", Key=key, Body=body.getvalue())
        files.append({"key": key, "size": len(body.getvalue()), "MD5checksum": md5})
    told: dict[str, Any] = {"sourceBucket": "project", "version": "2016-11-30", "creationTimestamp": "1768104000000"}
    told |= {"fileFormat": "CSV", "fileSchema": SCHEMA, "files": files}
    s3.put_object(Bucket="inventories", Key=URL.split("/", 3)[3], Body=json.dumps({**told, **changes}))


def test_current_versions_are_listed_in_order_with_their_keys_as_they_are(s3: Any) -> None:
    put(s3)
    inventory = Inventory(s3, URL)
    cold, odd = inventory.found("project")
    assert (cold.key, cold.version, cold.storage_class, cold.algorithms) == ("data/raw/a.png", "v1", "GLACIER", None)
    assert (odd.key, odd.version, odd.etag, odd.size) == ("data/raw/b+c dü.png", "v2", "e2", 3)
    assert odd.algorithms == ("SHA256", "CRC64NVME")
    assert inventory.made_at == datetime(2026, 1, 11, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fileFormat": "Parquet"}, "is Parquet: let S3 write inventories of all versions as CSV"),
        ({"fileSchema": "Bucket, Key, Size, ETag"}, "has no VersionId, IsLatest"),
        ({"sourceBucket": "other"}, "is an inventory of other, not of project"),
        ({"files": [{"key": "project/all/data/0.csv.gz", "MD5checksum": "0" * 32}]}, "is damaged: its MD5 is"),
    ],
)
def test_another_inventory_is_refused(s3: Any, changes: dict[str, Any], reason: str) -> None:
    put(s3)
    put(s3, **changes)
    with pytest.raises(UnlikeInventory, match=reason):
        Inventory(s3, URL).found("project")


def test_what_is_no_inventory_is_refused(s3: Any) -> None:
    with pytest.raises(UnlikeInventory, match=r"name its manifest\.json"):
        Inventory(s3, "s3://inventories/project/all/")
