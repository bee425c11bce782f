"""One object → one key of a bucket: copied by S3 itself where it comes from S3, and never over another."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.archive.bucket import S3Objects
from lambdas.archive.checksums import sha256_of
from lambdas.archive.objects import Found, Objects
from loupe.ahead import worked_ahead

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

WHOLE_BYTES = 5 << 30  # S3 puts and copies no more in one request
COPIED_PART_BYTES = 512 << 20
SENT_PART_BYTES = 64 << 20
MOST_PARTS = 10_000
PARTS_AT_ONCE = 4
CONFLICTS = 10  # with writers of the same key at the same instant, before it is an error
Part = Callable[[Any, int, int], str]  # what is asked, first and last byte → the part's ETag
_KEPT = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Metadata")
_NO_CONDITIONAL_COPIES = frozenset({"AccessDenied", "NotImplemented"})


class Occupied(RuntimeError):
    """A key has an object already."""


@dataclass(frozen=True)
class Copied:
    """What is there now; the SHA-256 as S3 computed it of what it has written, where it does that."""

    version: str | None
    sha256: str | None


class Copies:
    """Copies into a bucket, each on the condition that its key is free, or still has the object that was seen.

    `CopyObject` takes that condition, but S3 has refused such copies where a bucket's policy asks for it (403, 501).
    Parts need no condition there, and putting them together takes one: that way is gone once the first was refused.
    """

    def __init__(self, target: S3Objects) -> None:
        self._target, self._s3 = target, target.client
        self._in_parts_only = False

    def add(self, key: str, source: Objects, found: Found, *, over: str | None = None) -> Copied:
        """Write it; Occupied if the key has an object, or another one than that with the ETag `over`."""
        condition = {"IfMatch": f'"{over}"'} if over else {"IfNoneMatch": "*"}
        there = _There(self._s3, {"Bucket": self._target.bucket, "Key": self._target.key(key)}, condition)
        with _occupied(f"{self._target.url}/{key}"):
            if isinstance(source, S3Objects) and found.size:
                return self._copied(there, source, found)
            return _sent(there, source, found)

    def _copied(self, there: "_There", source: S3Objects, found: Found) -> Copied:
        if found.size > WHOLE_BYTES or self._in_parts_only:
            return _copied_in_parts(there, source, found)
        try:
            return _copied_whole(there, source, found)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO_CONDITIONAL_COPIES:
                raise
        copied = _copied_in_parts(there, source, found)
        self._in_parts_only = True
        return copied


@dataclass(frozen=True)
class _There:
    """A key to be written on a condition."""

    s3: "S3Client"
    where: Any
    condition: Any

    def in_parts(self, part: Part, size: int, least: int, kept: Any) -> Copied:
        """Write parts of at least so many bytes and put them together; nothing is left of them if that goes wrong."""
        upload = self.s3.create_multipart_upload(**self.where, **kept)["UploadId"]
        length = max(least, -(-size // MOST_PARTS))

        def one(item: tuple[int, int]) -> "CompletedPartTypeDef":
            number, first = item
            asked = {**self.where, "UploadId": upload, "PartNumber": number}
            return {"PartNumber": number, "ETag": part(asked, first, min(first + length, size) - 1)}

        try:
            numbered = enumerate(range(0, size, length), 1)
            parts = list(worked_ahead(one, numbered, threads=PARTS_AT_ONCE, ahead=PARTS_AT_ONCE))
            asked = {**self.where, **self.condition, "UploadId": upload, "MultipartUpload": {"Parts": parts}}
            return Copied(self.s3.complete_multipart_upload(**asked).get("VersionId"), None)
        except BaseException:
            with suppress(ClientError):  # the bucket's lifecycle does away with parts that stay
                self.s3.abort_multipart_upload(**self.where, UploadId=upload)
            raise


def _copied_whole(there: _There, source: S3Objects, found: Found) -> Copied:
    asked = {**there.where, **there.condition, **_source(source, found), "ChecksumAlgorithm": "SHA256"}
    answer = _again(lambda: there.s3.copy_object(**asked))
    return Copied(answer.get("VersionId"), _hexadecimal(answer["CopyObjectResult"].get("ChecksumSHA256")))


def _copied_in_parts(there: _There, source: S3Objects, found: Found) -> Copied:
    head: Any = source.client.head_object(Bucket=source.bucket, Key=source.key(found.key), **_version(found))

    def part(asked: Any, first: int, last: int) -> str:
        asked |= {**_source(source, found), "CopySourceRange": f"bytes={first}-{last}"}
        return there.s3.upload_part_copy(**asked)["CopyPartResult"]["ETag"]

    return there.in_parts(part, found.size, COPIED_PART_BYTES, {name: head[name] for name in _KEPT if head.get(name)})


def _sent(there: _There, source: Objects, found: Found) -> Copied:
    """A file, or what is empty."""
    path = Path(source.url) / found.key
    if found.size > WHOLE_BYTES:
        return _sent_in_parts(there, path, found)
    sha256 = sha256_of(source, found).sha256
    checksum = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": base64.b64encode(bytes.fromhex(sha256)).decode()}
    asked = {**there.where, **there.condition, **checksum}

    def put() -> Any:
        if not found.size:
            return there.s3.put_object(**asked, Body=b"")
        with path.open("rb") as body:
            return there.s3.put_object(**asked, Body=body)

    return Copied(_again(put).get("VersionId"), sha256)


def _sent_in_parts(there: _There, path: Path, found: Found) -> Copied:
    def part(asked: Any, first: int, last: int) -> str:
        with path.open("rb") as file:
            file.seek(first)
            return there.s3.upload_part(**asked, Body=file.read(last - first + 1))["ETag"]

    return there.in_parts(part, found.size, SENT_PART_BYTES, {})


def _source(source: S3Objects, found: Found) -> dict[str, Any]:
    place = {"Bucket": source.bucket, "Key": source.key(found.key), **_version(found)}
    return {"CopySource": place, "CopySourceIfMatch": f'"{found.etag}"'}


def _version(found: Found) -> Any:
    return {"VersionId": found.version} if found.version else {}


def _hexadecimal(checksum: str | None) -> str | None:
    return base64.b64decode(checksum).hex() if checksum and "-" not in checksum else None


def _again(write: Callable[[], Any]) -> Any:
    """A conditional write, repeated as long as S3 says that another one of the same key is under way."""
    for _ in range(CONFLICTS - 1):
        try:
            return write()
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalRequestConflict":
                raise
    return write()


@contextmanager
def _occupied(url: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        raise Occupied(f"{url} has an object already, which stays as it is.") from error
