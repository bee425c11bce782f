"""S3 to folders before a job's program, folders to S3 after it, as the job's role."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from local.models import Record
from local.processing.layout import Layout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FAILURES = (Boto3Error, BotoCoreError, ClientError, OSError)


class ChannelFailed(Exception):
    """An input that could not be brought or an output that could not be taken away, in SageMaker's words."""


class Channels:
    """The inputs and outputs of one job."""

    def __init__(self, detail: Record, *, layout: Layout, s3: "S3Client") -> None:
        self._inputs: list[Record] = [one["S3Input"] for one in detail["ProcessingInputs"]]
        outputs = detail.get("ProcessingOutputConfig", {"Outputs": []})
        self._outputs: list[Record] = [one["S3Output"] for one in outputs["Outputs"]]
        self._encryption = _encryption(outputs.get("KmsKeyId"))
        self._role, self._layout, self._s3 = detail["RoleArn"], layout, s3

    def bring(self) -> None:
        """Download every input and make the folder of every output."""
        for source in self._inputs:
            try:
                self._download(source["S3Uri"], self._layout.path(source["LocalPath"]))
            except _FAILURES as error:
                raise ChannelFailed(f"ClientError: Failed to download data. {source['S3Uri']}: {error}") from error
        for target in self._outputs:
            self._layout.path(target["LocalPath"]).mkdir(parents=True, exist_ok=True)

    def take(self) -> None:
        """Upload every output."""
        for target in self._outputs:
            try:
                self._upload(self._layout.path(target["LocalPath"]), target["S3Uri"])
            except _FAILURES as error:
                raise ChannelFailed(f"ClientError: Failed to upload data. {target['S3Uri']}: {error}") from error

    def _download(self, location: str, folder: Path) -> None:
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
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

    def _upload(self, folder: Path, location: str) -> None:
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.is_symlink():
                key = "/".join(part for part in (prefix.rstrip("/"), file.relative_to(folder).as_posix()) if part)
                self._s3.upload_file(str(file), bucket, key, ExtraArgs=self._encryption)


def _relative(key: str, prefix: str) -> str:
    """Where an object lies below its input: a prefix is a folder, an object, or the beginning of names."""
    if key == prefix:
        return key.rpartition("/")[2]
    folder = f"{prefix.rstrip('/')}/"
    return key.removeprefix(folder) if key.startswith(folder) else key[prefix.rfind("/") + 1 :]


def _encryption(key: str | None) -> dict[str, Any]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
