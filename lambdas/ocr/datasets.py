"""Whether an object can be a Parquet file at all, told from its size and its first and last bytes; no library."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.ocr import clients

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

ASKED_FOR = {"loupe-run": "asked-for"}  # metadata of a dataset whose uploader asks for its run, with options
OWN_IMAGES = {"loupe-images": "own-folder"}  # and of one whose images lie in the folder of its own name
_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_FRAME_BYTES = 12  # the magic at both ends and the footer's length
_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "400", "404", "405"})  # 400: no version is called so


@dataclass(frozen=True, kw_only=True)
class Glance:
    """One version of an object, and why it is no dataset; None where it may be one."""

    version_id: str | None
    refusal: str | None
    asked_for: bool = False
    own_images: bool = False


def glance(bucket: str, key: str, version_id: str | None) -> Glance:
    """Look at one version of an object, the newest if none is named. The job checks the columns before it pays."""
    try:
        found = _head(bucket, key, version_id)
        version, size = found.get("VersionId", "null"), found["ContentLength"]
        told = found["Metadata"].items()
        if size == 0:
            return Glance(version_id=version, refusal=f"{key} is empty.")
        head, tail = (_bytes(bucket, key, version, part) for part in ("0-3", "-8"))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        return Glance(version_id=version_id, refusal=f"{key} is not there, or was deleted before it could be read.")
    refusal = _refusal(key, size, head[:4], tail[-8:])
    asked_for, own_images = (metadata.items() <= told for metadata in (ASKED_FOR, OWN_IMAGES))
    return Glance(version_id=version, refusal=refusal, asked_for=asked_for, own_images=own_images)


def _head(bucket: str, key: str, version_id: str | None) -> "HeadObjectOutputTypeDef":
    which: Any = {"VersionId": version_id} if version_id else {}
    return clients.s3().head_object(Bucket=bucket, Key=key, **which)


def _bytes(bucket: str, key: str, version_id: str, part: str) -> bytes:
    """The bytes of a range; all of them where the server does not know ranges, which HTTP allows."""
    found = clients.s3().get_object(Bucket=bucket, Key=key, VersionId=version_id, Range=f"bytes={part}")
    return found["Body"].read()


def _refusal(key: str, size: int, head: bytes, tail: bytes) -> str | None:
    if _ENCRYPTED in (head, tail[4:]):
        return f"{key} is an encrypted Parquet file, which cannot be read."
    if head != _MAGIC:
        return f"{key} is not a Parquet file: it does not begin with PAR1."
    if size < _FRAME_BYTES or tail[4:] != _MAGIC:
        return f"{key} is not a whole Parquet file: it does not end with PAR1."
    footer = int.from_bytes(tail[:4], "little")
    if not 0 < footer <= size - _FRAME_BYTES:
        return f"{key} is not a Parquet file: its footer would have {footer} of its {size} bytes."
    return None
