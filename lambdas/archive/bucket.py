"""Objects in S3: current versions as they are listed, their bytes, and the checksums that S3 keeps of them."""

import base64
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

from lambdas.archive.objects import ChangedMeanwhile, Cold, FolderObjects, Found, Objects
from loupe.files import BUFFER_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef, ObjectVersionTypeDef

BROKEN_STREAMS = 5  # of one object, each read on from where it broke, before it is an error
_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "412", "PreconditionFailed"})


class S3Objects(Objects):
    """A prefix of a bucket. A version never changes, so its id stands for its bytes; an ETag only hints at them.

    Buckets of others may let themselves be listed without their versions only.
    """

    def __init__(self, url: str, client: "S3Client", *, versions: bool = True) -> None:
        super().__init__(url)
        self._with_versions = versions
        parts = urlsplit(self.url)
        self.bucket, self.client = parts.netloc, client
        self.prefix = parts.path.strip("/") + "/" if parts.path.strip("/") else ""

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[Found]:
        begin = self.prefix + after if after else ""
        return self._current(prefix, begin) if self._with_versions else self._listed(prefix, begin)

    def versions(self, prefix: str = "", begin: str = "") -> Iterator["ObjectVersionTypeDef"]:
        """Every version that is no delete marker, the newest of each key first; the next page is fetched meanwhile."""
        asked: Any = {"Bucket": self.bucket, "Prefix": self.prefix + prefix}
        asked |= {"KeyMarker": begin} if begin else {}
        with ThreadPoolExecutor(1) as ahead:
            coming: Future[ListObjectVersionsOutputTypeDef] | None = ahead.submit(
                self.client.list_object_versions, **asked
            )
            while coming:
                page = coming.result()
                asked |= {name: page.get(f"Next{name}", "") for name in ("KeyMarker", "VersionIdMarker")}
                coming = ahead.submit(self.client.list_object_versions, **asked) if page["IsTruncated"] else None
                yield from page.get("Versions", [])

    def _current(self, prefix: str, begin: str) -> Iterator[Found]:
        for version in self.versions(prefix, begin):
            if version["IsLatest"] and version["Key"] > begin:
                yield self.found(version)

    def _listed(self, prefix: str, begin: str) -> Iterator[Found]:
        pages = self.client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + prefix, StartAfter=begin):
            yield from map(self.found, page.get("Contents", []))

    def blocks(self, found: Found) -> Iterator[bytes]:
        at, broken = 0, 0
        while at < found.size:
            try:
                for block in self._rest(found, at):
                    at += len(block)
                    yield block
            except FlexibleChecksumError:
                return  # all has been read, and is judged by its SHA-256 rather than by S3's checksum of it
            except BotoCoreError:
                broken += 1
                if broken == BROKEN_STREAMS:
                    raise
                time.sleep(broken / 10)

    def recorded_sha256(self, found: Found) -> str | None:
        """Of what was put together from parts, S3 keeps a checksum of their checksums: that is not the object's."""
        if "-" in found.etag:
            return None
        with _as_listed(self.url, found):
            head = self.client.head_object(**self._where(found), ChecksumMode="ENABLED")
        kept = head.get("ChecksumSHA256", "")
        if not kept or "-" in kept or head.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT":
            return None
        return base64.b64decode(kept).hex()

    def look(self, key: str) -> Found | None:
        try:
            head: Any = self.client.head_object(Bucket=self.bucket, Key=self.key(key))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            return None
        return self.found({**head, "Key": self.key(key), "Size": head["ContentLength"]})

    def key(self, name: str) -> str:
        """The whole key in the bucket."""
        return self.prefix + name

    def _rest(self, found: Found, at: int) -> Iterator[bytes]:
        asked = {**self._where(found), "Range": f"bytes={at}-"} if at else self._where(found)
        with _as_listed(self.url, found):
            answer = self.client.get_object(**asked)
        with closing(answer["Body"]) as body:
            yield from body.iter_chunks(BUFFER_BYTES)

    def _where(self, found: Found) -> Any:
        asked = {"Bucket": self.bucket, "Key": self.key(found.key), "IfMatch": f'"{found.etag}"'}
        return {**asked, "VersionId": found.version} if found.version else asked

    def found(self, item: Any) -> Found:
        """An item of a listing; the version `null` is what a bucket without versions writes over."""
        told, version = item.get("ChecksumAlgorithm"), item.get("VersionId", "null")
        return Found(
            key=item["Key"].removeprefix(self.prefix),
            size=item["Size"],
            etag=item["ETag"].strip('"'),
            modified=item["LastModified"],
            version=version if version != "null" else None,
            storage_class=item.get("StorageClass", "STANDARD"),
            algorithms=tuple(told) if told else None,
        )


def open_objects(url: str, client: "S3Client | None" = None) -> Objects:
    """What is at `s3://bucket/prefix`, or in a folder."""
    if not url.startswith("s3://"):
        return FolderObjects(url)
    assert client, "S3 is reached through a client"
    return S3Objects(url, client)


@contextmanager
def _as_listed(url: str, found: Found) -> Iterator[None]:
    """The SDK's words for an object that is not there as it was listed, or cannot be read now."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _GONE:
            raise ChangedMeanwhile(f"{url}/{found.key} has been changed or removed while it was looked at.") from error
        if code == "InvalidObjectState":
            raise Cold(f"{url}/{found.key} is in {found.storage_class}, and has to be restored to be read.") from error
        raise
