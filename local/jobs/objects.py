"""S3 to folders before a job's program, folders to S3 after it, as the job's role."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FAILURES = (Boto3Error, BotoCoreError, ClientError, OSError)


class ChannelFailed(Exception):
    """An input that could not be brought or an output that could not be taken away, in SageMaker's words."""


class Objects:
    """What a job's role may read and write; what it writes is encrypted with a key, if there is one."""

    def __init__(self, s3: "S3Client", *, role: str, kms_key: str | None) -> None:
        self._s3, self._role = s3, role
        self._encryption: dict[str, Any] = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        )

    def bring(self, location: str, folder: Path) -> None:
        """Download everything whose key begins as the location does."""
        try:
            self._download(location, folder)
        except _FAILURES as error:
            raise ChannelFailed(f"ClientError: Failed to download data. {location}: {error}") from error

    def bring_one(self, location: str, file: Path) -> None:
        """Download the object of a location."""
        bucket, key = _place(location)
        try:
            self._s3.download_file(bucket, key, str(file))
        except _FAILURES as error:
            raise ChannelFailed(f"ClientError: Failed to download data. {location}: {error}") from error

    def take(self, folder: Path, location: str) -> None:
        """Upload every file of a folder."""
        bucket, prefix = _place(location)
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.is_symlink():
                key = "/".join(part for part in (prefix.rstrip("/"), file.relative_to(folder).as_posix()) if part)
                self.take_one(file, f"s3://{bucket}/{key}", part_of=location)

    def take_one(self, file: Path, location: str, *, part_of: str = "") -> None:
        """Upload a file."""
        bucket, key = _place(location)
        try:
            self._s3.upload_file(str(file), bucket, key, ExtraArgs=self._encryption)
        except _FAILURES as error:
            raise ChannelFailed(f"ClientError: Failed to upload data. {part_of or location}: {error}") from error

    def _download(self, location: str, folder: Path) -> None:
        bucket, prefix = _place(location)
        keys = [key for key in self._keys(bucket, prefix) if not key.endswith("/")]
        if not keys:
            raise ChannelFailed(
                f'ClientError: No S3 objects found under S3 URL "{location}" given in input data source. Please ensure '
                f'that objects exist under that S3 prefix, and that the role "{self._role}" has "s3:ListBucket" '
                f'permissions on bucket "{bucket}".'
            )
        for key in keys:
            file = folder / _relative(key, prefix)
            if not file.resolve().is_relative_to(folder.resolve()):
                raise ChannelFailed(f"ClientError: The key {key} leads out of the folder of its input.")
            file.parent.mkdir(parents=True, exist_ok=True)
            self._s3.download_file(bucket, key, str(file))

    def _keys(self, bucket: str, prefix: str) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (found["Key"] for found in page.get("Contents", []))


def _place(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key


def _relative(key: str, prefix: str) -> str:
    """Where an object lies below its input: a prefix is a folder, an object, or the beginning of names."""
    if key == prefix:
        return key.rpartition("/")[2]
    folder = f"{prefix.rstrip('/')}/"
    return key.removeprefix(folder) if key.startswith(folder) else key[prefix.rfind("/") + 1 :]
