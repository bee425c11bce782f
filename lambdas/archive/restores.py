"""A key and its history → an earlier version as the newest again; what lies in Glacier is asked for first."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from lambdas.archive.bucket import S3Objects
from lambdas.archive.copies import Copies
from lambdas.archive.objects import COLD, Found

THAWED_DAYS = 7


class NoVersion(ValueError):
    """A key has no version that could be brought back as asked."""


class Restored(StrEnum):
    """How far it is."""

    BACK = "restored"  # it is the newest version now
    THAWING = "thawing"  # S3 has been asked for it, and needs hours


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a key, or the mark of its deletion."""

    found: Found | None
    id: str
    modified: datetime
    is_latest: bool


def history(objects: S3Objects, key: str) -> list[Version]:
    """Everything that the key ever was and S3 still has, the newest first."""
    whole = objects.key(key)
    found = list[Version]()
    pages = objects.client.get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=objects.bucket, Prefix=whole):
        versions = [(item, objects.found(item)) for item in page.get("Versions", [])]
        marks = [(item, None) for item in page.get("DeleteMarkers", [])]
        found += [_version(item, one) for item, one in [*versions, *marks] if item["Key"] == whole]
        if any(item["Key"] > whole for item, _ in [*versions, *marks]):
            break
    return sorted(found, key=lambda one: (one.is_latest, one.modified), reverse=True)


def chosen(versions: Iterable[Version], *, version: str | None = None, before: datetime | None = None) -> Found:
    """The version of an id, the last one before a time, or else the last one that was deleted."""
    listed = list(versions)
    if not listed:
        raise NoVersion("nothing was ever written there, or nothing is left of it")
    if version is None and before is None and listed[0].found:
        raise NoVersion("it is there: name an earlier version with --version or --before")
    wanted = (
        one.found
        for one in listed
        if one.found and version in {None, one.id} and (before is None or one.modified < before)
    )
    if (found := next(wanted, None)) is None:
        known = ", ".join(f"{one.id} of {one.modified:%Y-%m-%dT%H:%M:%SZ}" for one in listed if one.found)
        raise NoVersion(f"it has no such version; it has {known or 'none but marks of its deletion'}")
    return found


def restore(objects: S3Objects, found: Found, versions: list[Version], *, tier: str = "Standard") -> Restored:
    """Copy a version over what is there now; what lies in Glacier is asked for, and copied once it can be read."""
    where: Any = {"Bucket": objects.bucket, "Key": objects.key(found.key)}
    this = {**where, "VersionId": found.version}
    if found.storage_class in COLD:
        told = objects.client.head_object(**this).get("Restore", "")
        if not told:
            asked: Any = {"Days": THAWED_DAYS, "GlacierJobParameters": {"Tier": tier}}
            objects.client.restore_object(**this, RestoreRequest=asked)
        if 'ongoing-request="false"' not in told:
            return Restored.THAWING
    newest = versions[0].found
    if newest and newest.version == found.version:
        return Restored.BACK
    Copies(objects).add(found.key, objects, found, over=newest.etag if newest else None)
    return Restored.BACK


def _version(item: Any, found: Found | None) -> Version:
    """The version `null` has a name like the others here: it may be none but the newest."""
    named = replace(found, version=item["VersionId"]) if found else None
    return Version(found=named, id=item["VersionId"], modified=item["LastModified"], is_latest=item["IsLatest"])
