"""An S3 inventory's manifest.json → the objects that were there when it was made, in the order of their keys."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlsplit

from lambdas.archive.objects import Found

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_NEEDED = ("Key", "VersionId", "IsLatest", "Size", "ETag")


class UnlikeInventory(ValueError):
    """What is given as an inventory is none that can be read."""


class Inventory:
    """Listed in no order over several files, so all of it is in memory once it is read."""

    def __init__(self, client: "S3Client", url: str) -> None:
        self._s3, self._url = client, url
        place = urlsplit(url)
        if place.scheme != "s3" or not place.path.endswith("manifest.json"):
            raise UnlikeInventory(f"{url} is no inventory: name its manifest.json, as s3://bucket/…/manifest.json.")
        self._bucket = place.netloc
        self._manifest = json.loads(self._read(place.path.lstrip("/")))
        self._columns = [name.strip() for name in self._manifest.get("fileSchema", "").split(",")]
        missing = [name for name in _NEEDED if name not in self._columns]
        if self._manifest.get("fileFormat") != "CSV" or missing:
            lacks = f"has no {', '.join(missing)}" if missing else f"is {self._manifest.get('fileFormat')}"
            raise UnlikeInventory(
                f"{url} {lacks}: let S3 write inventories of all versions as CSV, with sizes and ETags."
            )

    @property
    def made_at(self) -> datetime:
        """When S3 began to list."""
        return datetime.fromtimestamp(int(self._manifest["creationTimestamp"]) / 1000, UTC)

    def found(self, bucket: str) -> list[Found]:
        """What was current in a bucket."""
        if self._manifest.get("sourceBucket") != bucket:
            raise UnlikeInventory(
                f"{self._url} is an inventory of {self._manifest.get('sourceBucket')}, not of {bucket}."
            )
        rows = (row for file in self._manifest["files"] for row in self._rows(file))
        return sorted((found for row in rows if (found := _found(row))), key=lambda found: found.key)

    def _rows(self, file: dict[str, Any]) -> Iterator[dict[str, str]]:
        body = self._read(file["key"])
        found = hashlib.md5(body, usedforsecurity=False).hexdigest()
        if found != file["MD5checksum"]:
            raise UnlikeInventory(
                f"{file['key']} is damaged: its MD5 is {found}, and {self._url} says {file['MD5checksum']}."
            )
        with io.TextIOWrapper(gzip.GzipFile(fileobj=io.BytesIO(body)), encoding="utf-8", newline="") as lines:
            for row in csv.reader(lines):
                yield dict(zip(self._columns, row, strict=True))

    def _read(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()


def _found(row: dict[str, str]) -> Found | None:
    if row["IsLatest"] != "true" or row.get("IsDeleteMarker") == "true":
        return None
    version, algorithm = row["VersionId"], row.get("ChecksumAlgorithm")
    modified = row.get("LastModifiedDate") or "1970-01-01T00:00:00Z"
    return Found(
        key=unquote_plus(row["Key"]),
        size=int(row["Size"]),
        etag=row["ETag"].strip('"'),
        modified=datetime.fromisoformat(modified).astimezone(UTC),
        version=version if version not in {"", "null"} else None,
        storage_class=row.get("StorageClass") or "STANDARD",
        algorithms=tuple(algorithm.split("|")) if algorithm else None,
    )
