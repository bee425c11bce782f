"""Keys of the project bucket → what was deleted or replaced, brought back one by one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from cli.archive_project import Root
from lambdas.archive.bucket import S3Objects
from lambdas.archive.copies import Occupied
from lambdas.archive.restores import NoVersion, chosen, history, restore


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which version, how fast, and whether only to say it."""

    version: str | None
    before: datetime | None
    tier: str
    dry_run: bool


def restored(root: Root, keys: list[str], asked: Asked) -> list[dict[str, Any]]:
    """What became of each key; one that cannot be brought back does not keep the others from it."""
    with root.asked():
        bucket = root.bucket()
        return [_restored(bucket, key, asked) for key in keys]


def _restored(bucket: S3Objects, key: str, asked: Asked) -> dict[str, Any]:
    try:
        versions = history(bucket, key)
        found = chosen(versions, version=asked.version, before=asked.before)
        state = "wanted" if asked.dry_run else str(restore(bucket, found, versions, tier=asked.tier))
    except (NoVersion, Occupied) as error:
        return {"key": key, "state": "failed", "reason": str(error)}
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return {"key": key, "state": "failed", "reason": " ".join(str(error).split())}
    modified = found.modified.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"key": key, "state": state, "version_id": found.version, "modified": modified, "bytes": found.size}
