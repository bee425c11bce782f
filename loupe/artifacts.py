"""Objects in S3 or in a folder of this machine: read, listed, and added once; nothing is overwritten or deleted."""

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

BUFFER_BYTES = 1 << 20
CONNECTIONS = 64


class WrittenByAnother(RuntimeError):
    """An object that was to be added is there already, with other bytes."""


class Artifacts(ABC):
    """Objects by name under one address, `s3://bucket/prefix` or a path."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    @abstractmethod
    def open(self, name: str, version: str | None = None) -> BinaryIO:
        """A seekable file that fetches what is read of it; FileNotFoundError without it."""

    @abstractmethod
    def size(self, name: str) -> int:
        """How many bytes it has; FileNotFoundError without it."""

    @abstractmethod
    def names(self, prefix: str = "") -> Iterator[str]:
        """What lies directly here and begins so, in order."""

    @abstractmethod
    def _create(self, name: str, body: BinaryIO) -> bool:
        """Write it whole or not at all; False if it was there."""

    def read(self, name: str) -> bytes:
        """All its bytes; FileNotFoundError without it."""
        with self.open(name) as file:
            return file.read()

    def add(self, name: str, body: bytes | Path) -> None:
        """Write an object that is not there; the same bytes again change nothing: a write whose answer was lost."""
        with io.BytesIO(body) if isinstance(body, bytes) else body.open("rb") as content:
            if self._create(name, content):
                return
        if not self._holds(name, body):
            raise WrittenByAnother(f"{self.url}/{name} is there already, and not as it would be written now.")

    def _holds(self, name: str, body: bytes | Path) -> bool:
        with self.open(name) as there, io.BytesIO(body) if isinstance(body, bytes) else body.open("rb") as here:
            while block := here.read(BUFFER_BYTES):
                if there.read(len(block)) != block:
                    return False
            return not there.read(1)


def open_artifacts(url: str, client: "S3Client | None" = None) -> Artifacts:
    """What is at an address; without a client, credentials, region and endpoint of S3 come from the environment."""
    return S3Artifacts(url, client or _s3()) if url.startswith("s3://") else FolderArtifacts(url)


def open_beside(url: str) -> tuple[Artifacts, str]:
    """Where an object lies, and its name there."""
    parent, slash, name = url.rpartition("/")
    return open_artifacts(parent or slash or "."), name


class FolderArtifacts(Artifacts):
    """A folder; what is in a folder of this one has a name with slashes."""

    def open(self, name: str, version: str | None = None) -> BinaryIO:
        if not self._path(name).is_file():
            raise FileNotFoundError(f"{self.url}/{name}")
        return self._path(name).open("rb")

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def names(self, prefix: str = "") -> Iterator[str]:
        folder = self._path("")
        yield from sorted(p.name for p in folder.glob("*") if p.name.startswith(prefix) and not p.name.startswith("."))

    def _create(self, name: str, body: BinaryIO) -> bool:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with draft.open("wb") as file:
            while block := body.read(BUFFER_BYTES):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True

    def _path(self, name: str) -> Path:
        return Path(self.url or "/") / name


class S3Artifacts(Artifacts):
    """A prefix of a bucket."""

    def __init__(self, url: str, client: "S3Client") -> None:
        super().__init__(url)
        self._s3, parts = client, urlsplit(self.url)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/") + "/" if parts.path.strip("/") else ""

    def open(self, name: str, version: str | None = None) -> BinaryIO:
        return cast(
            "BinaryIO", io.BufferedReader(_Ranges(self._s3, self._bucket, self._prefix + name, version), BUFFER_BYTES)
        )

    def read(self, name: str) -> bytes:
        with _missing_is_not_found(self._s3):
            return self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()

    def size(self, name: str) -> int:
        with _missing_is_not_found(self._s3):
            return self._s3.head_object(Bucket=self._bucket, Key=self._prefix + name)["ContentLength"]

    def names(self, prefix: str = "") -> Iterator[str]:
        listing = self._s3.get_paginator("list_objects_v2")
        pages = listing.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix, Delimiter="/")
        for page in pages:
            yield from (item["Key"].removeprefix(self._prefix) for item in page.get("Contents", []))

    def _create(self, name: str, body: BinaryIO) -> bool:
        try:
            self._s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=body, IfNoneMatch="*")
        except self._s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return False
        return True


class _Ranges(io.RawIOBase):
    """One version of an S3 object as a file: each read is one request for a range."""

    def __init__(self, client: "S3Client", bucket: str, key: str, version: str | None) -> None:
        super().__init__()
        self._s3 = client
        self._object = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        with _missing_is_not_found(client):
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
        found = self._s3.get_object(**self._object, Range=f"bytes={self._at}-{end - 1}")  # type: ignore[arg-type]  # as above
        block = found["Body"].read()
        view[: len(block)] = block
        self._at += len(block)
        return len(block)


@contextmanager
def _missing_is_not_found(client: "S3Client") -> Iterator[None]:
    """The SDK's many words for an object that is not there."""
    try:
        yield
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion"}:
            raise
        raise FileNotFoundError(error.response["Error"].get("Message", "not found")) from None


@cache
def _s3() -> "S3Client":
    import boto3  # noqa: PLC0415  # folders need no SDK
    from botocore.config import Config  # noqa: PLC0415  # as above

    retries: Any = {"mode": "standard", "max_attempts": 6}
    return boto3.client("s3", config=Config(retries=retries, max_pool_connections=CONNECTIONS, read_timeout=60))
