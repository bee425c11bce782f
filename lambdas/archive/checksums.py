"""An object and what is known of it → its SHA-256, and what that rests on: asking S3 comes before reading."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from lambdas.archive.objects import COLD, Found, Objects

ASK_FROM_BYTES = 1 << 16  # below, reading costs as much as asking
EMPTY = hashlib.sha256().hexdigest()


class Evidence(StrEnum):
    """What says that an object has certain bytes."""

    VERSION = "version"  # it is the version whose bytes were read then, and S3 changes none
    RECORDED = "recorded"  # S3 has checked them against the SHA-256 that it keeps
    READ = "read"  # they were read now


@dataclass(frozen=True, slots=True)
class Checksum:
    """A SHA-256 in hexadecimal digits, and what it rests on."""

    sha256: str
    evidence: Evidence


Tally = Counter[str]


def sha256_of(objects: Objects, found: Found, *, read_all: bool = False) -> Checksum:
    """The SHA-256 of an object's bytes; Cold where nothing but reading could tell, and it has to be thawed first."""
    if not found.size:
        return Checksum(EMPTY, Evidence.READ)
    if _worth_asking(found, read_all=read_all) and (recorded := objects.recorded_sha256(found)):
        return Checksum(recorded, Evidence.RECORDED)
    digest = hashlib.sha256()
    for block in objects.blocks(found):
        digest.update(block)
    return Checksum(digest.hexdigest(), Evidence.READ)


def _worth_asking(found: Found, *, read_all: bool) -> bool:
    """Whether S3 may keep a SHA-256: a listing names the algorithms of those objects that it has checksums of."""
    if found.storage_class in COLD:
        return True
    may_have = found.algorithms is None or "SHA256" in found.algorithms
    return may_have and not read_all and found.size >= ASK_FROM_BYTES
