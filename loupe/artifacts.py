"""Objects in S3 or in a folder of this machine: read, listed, added once; a derived one may get a new version."""

import io
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import urlsplit

from loupe.files import BUFFER_BYTES, draft_of, files_below, locked
from loupe.ranges import Changed, Ranges, missing_is_not_found

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

CONNECTIONS = 64
CONFLICTS = 10  # with writers of the same object at the same instant, before it is an error


class WrittenByAnother(RuntimeError):
    """An object that was to be added is there already, with other bytes, or has another version than the one seen."""


class TooLarge(ValueError):
    """An object has more bytes than its reader takes."""


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
    def folders(self) -> Iterator[str]:
        """The folders that lie directly here, in order."""

    @abstractmethod
    def walk(self) -> Iterator[str]:
        """Everything below, in the order of the whole names."""

    @abstractmethod
    def version(self, name: str) -> str | None:
        """What tells an object from its other versions; None without it."""

    @abstractmethod
    def _replace(self, name: str, body: Path, seen: str | None) -> bool:
        """Put it in the place of that version (None: of nothing); False if that is not the one that is there."""

    @abstractmethod
    def _create(self, name: str, body: BinaryIO) -> bool:
        """Write it whole or not at all; False if it was there."""

    def read(self, name: str, *, most_bytes: int | None = None) -> bytes:
        """All its bytes; FileNotFoundError without it, TooLarge before more than asked for are read."""
        if most_bytes is not None and self.size(name) > most_bytes:
            raise TooLarge(f"{self.url}/{name} has more than {most_bytes} bytes.")
        with self.open(name) as file:
            return file.read()

    def read_part(self, name: str, at: int, count: int) -> bytes:
        """So many bytes from there on, or as many as there are; FileNotFoundError without the object."""
        with self.open(name) as file:
            file.seek(at)
            return file.read(count)

    def create(self, name: str, body: bytes) -> bool:
        """Write an object if it is not there; False if it was, with whatever bytes."""
        return self._create(name, io.BytesIO(body))

    def add(self, name: str, body: bytes | Path) -> None:
        """Write an object that is not there; the same bytes again change nothing: a write whose answer was lost."""
        with io.BytesIO(body) if isinstance(body, bytes) else body.open("rb") as content:
            if self._create(name, content):
                return
        if not self._holds(name, body):
            raise WrittenByAnother(f"{self.url}/{name} is there already, and not as it would be written now.")

    def replace(self, name: str, body: Path, *, seen: str | None) -> None:
        """Put a version after the one that was seen, None for the first; the same bytes again are no new version."""
        if seen and self._holds(name, body):
            return
        if not self._replace(name, body, seen):
            raise WrittenByAnother(f"{self.url}/{name} has been written meanwhile: start again from what it is now.")

    def _holds(self, name: str, body: bytes | Path) -> bool:
        with self.open(name) as there, io.BytesIO(body) if isinstance(body, bytes) else body.open("rb") as here:
            try:
                while block := here.read(BUFFER_BYTES):
                    if there.read(len(block)) != block:
                        return False
                return not there.read(1)
            except Changed:
                return False


def open_artifacts(url: str, client: "S3Client | None" = None) -> Artifacts:
    """What is at an address; without a client, credentials, region and endpoint of S3 come from the environment."""
    return S3Artifacts(url, client or _s3()) if url.startswith("s3://") else FolderArtifacts(url)


def open_beside(url: str, client: "S3Client | None" = None) -> tuple[Artifacts, str]:
    """Where an object lies, and its name there."""
    parent, slash, name = url.rpartition("/")
    return open_artifacts(parent or slash or ".", client), name


class FolderArtifacts(Artifacts):
    """A folder; what is in a folder of this one has a name with slashes."""

    def open(self, name: str, version: str | None = None) -> BinaryIO:
        if not self._path(name).is_file():
            raise FileNotFoundError(f"{self.url}/{name}")
        return self._path(name).open("rb")

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def names(self, prefix: str = "") -> Iterator[str]:
        found = self._path("").glob("*")
        yield from sorted(path.name for path in found if path.name.startswith(prefix) and _is_object(path))

    def folders(self) -> Iterator[str]:
        found = self._path("").glob("*/")
        yield from sorted(path.name for path in found if not path.name.startswith("."))

    def walk(self) -> Iterator[str]:
        yield from files_below(self._path(""))

    def version(self, name: str) -> str | None:
        try:
            status = self._path(name).stat()
        except FileNotFoundError:
            return None
        return f"{status.st_ino}-{status.st_mtime_ns}"

    def _replace(self, name: str, body: Path, seen: str | None) -> bool:
        with body.open("rb") as content, draft_of(self._path(name), content) as draft, locked(draft.parent):
            if self.version(name) != seen:
                return False
            draft.replace(self._path(name))
        return True

    def _create(self, name: str, body: BinaryIO) -> bool:
        with draft_of(self._path(name), body) as draft:
            try:
                os.link(draft, self._path(name))
            except FileExistsError:
                return False
        return True

    def _path(self, name: str) -> Path:
        return Path(self.url or "/") / name


def _is_object(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


class S3Artifacts(Artifacts):
    """A prefix of a bucket."""

    def __init__(self, url: str, client: "S3Client") -> None:
        super().__init__(url)
        self._s3, parts = client, urlsplit(self.url)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/") + "/" if parts.path.strip("/") else ""

    def open(self, name: str, version: str | None = None) -> BinaryIO:
        return cast(
            "BinaryIO", io.BufferedReader(Ranges(self._s3, self._bucket, self._prefix + name, version), BUFFER_BYTES)
        )

    def read(self, name: str, *, most_bytes: int | None = None) -> bytes:
        with missing_is_not_found(self._s3):
            found = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)
        with found["Body"] as body:
            if most_bytes is not None and found["ContentLength"] > most_bytes:
                raise TooLarge(f"{self.url}/{name} has more than {most_bytes} bytes.")
            return body.read()

    def read_part(self, name: str, at: int, count: int) -> bytes:
        wanted = f"bytes={at}-{at + count - 1}"
        try:
            with missing_is_not_found(self._s3):
                return self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name, Range=wanted)["Body"].read()
        except self._s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "InvalidRange":
                raise
            return b""

    def size(self, name: str) -> int:
        with missing_is_not_found(self._s3):
            return self._s3.head_object(Bucket=self._bucket, Key=self._prefix + name)["ContentLength"]

    def names(self, prefix: str = "") -> Iterator[str]:
        for page in self._pages(prefix, Delimiter="/"):
            yield from (item["Key"].removeprefix(self._prefix) for item in page.get("Contents", []))

    def folders(self) -> Iterator[str]:
        for page in self._pages(Delimiter="/"):
            yield from (found["Prefix"].removeprefix(self._prefix)[:-1] for found in page.get("CommonPrefixes", []))

    def walk(self) -> Iterator[str]:
        for page in self._pages():
            yield from (item["Key"].removeprefix(self._prefix) for item in page.get("Contents", []))

    def version(self, name: str) -> str | None:
        try:
            with missing_is_not_found(self._s3):
                return self._s3.head_object(Bucket=self._bucket, Key=self._prefix + name)["ETag"]
        except FileNotFoundError:
            return None

    def _replace(self, name: str, body: Path, seen: str | None) -> bool:
        with body.open("rb") as content:
            return self._put(name, content, {"IfMatch": seen} if seen else {"IfNoneMatch": "*"})

    def _create(self, name: str, body: BinaryIO) -> bool:
        return self._put(name, body, {"IfNoneMatch": "*"})

    def _put(self, name: str, body: BinaryIO, condition: dict[str, Any]) -> bool:
        """Write it where the condition holds; writers at the same instant are told to try again."""
        for _ in range(CONFLICTS):
            body.seek(0)
            try:
                self._s3.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=body, **condition)
            except self._s3.exceptions.ClientError as error:
                if error.response["Error"]["Code"] in {"PreconditionFailed", "NoSuchKey"}:
                    return False
                if error.response["Error"]["Code"] != "ConditionalRequestConflict":
                    raise
            else:
                return True
        raise WrittenByAnother(f"{self.url}/{name} is being written by others, {CONFLICTS} times in a row.")

    def _pages(self, prefix: str = "", **options: Any) -> Iterator["ListObjectsV2OutputTypeDef"]:
        lists = self._s3.get_paginator("list_objects_v2")
        yield from lists.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix, **options)


@cache
def _s3() -> "S3Client":
    import boto3  # noqa: PLC0415  # folders need no SDK
    from botocore.config import Config  # noqa: PLC0415  # as above

    retries: Any = {"mode": "standard", "max_attempts": 6}
    return boto3.client("s3", config=Config(retries=retries, max_pool_connections=CONNECTIONS, read_timeout=60))
