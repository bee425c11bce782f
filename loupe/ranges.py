"""S3 objects as files of which only what is read is fetched."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


class Changed(OSError):
    """An object was written again while it was read."""


class Ranges(io.RawIOBase):
    """One version of an S3 object as a file: each read is one request for a range."""

    def __init__(self, client: "S3Client", bucket: str, key: str, version: str | None) -> None:
        super().__init__()
        self._s3 = client
        self._object = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        with missing_is_not_found(client):
            head = client.head_object(**self._object)  # type: ignore[arg-type]  # the stubs know no dictionary
        self._object["IfMatch"] = head["ETag"]
        self._size, self._at = head["ContentLength"], 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        end = min(self._size, self._at + len(view))
        if self._at >= end:
            return 0
        block = self._read(f"bytes={self._at}-{end - 1}")
        view[: len(block)] = block
        self._at += len(block)
        return len(block)

    def _read(self, wanted: str) -> bytes:
        try:
            found = self._s3.get_object(**self._object, Range=wanted)  # type: ignore[arg-type]  # as above
        except self._s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            name = f"s3://{self._object['Bucket']}/{self._object['Key']}"
            raise Changed(f"{name} has been written again while it was read.") from error
        return found["Body"].read()


@contextmanager
def missing_is_not_found(client: "S3Client") -> Iterator[None]:
    """The SDK's many words for an object that is not there."""
    try:
        yield
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion"}:
            raise
        raise FileNotFoundError(error.response["Error"].get("Message", "not found")) from None
