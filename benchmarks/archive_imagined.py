"""Memory of listing and comparing an archive that an imagined S3 lists page by page: run by `benchmarks.archive`."""

import hashlib
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.memory import peak_mib
from lambdas.archive.bucket import S3Objects
from lambdas.archive.entries import Entry
from lambdas.archive.imports import plan
from lambdas.archive.renewal import Renewal
from lambdas.archive.tree import tree
from lambdas.archive.verification import Verification
from loupe.artifacts import open_artifacts

WORK = VERIFY, READ_ALL, MANIFEST, PLAN = ("verify", "verify --read-all", "manifest", "plan of an import")
PAGE = 1_000
LONG_AGO = datetime(2026, 1, 11, tzinfo=UTC)


class ImaginedS3:
    """So many objects, none of which is anywhere."""

    def __init__(self, objects: int) -> None:
        self._objects = objects

    def list_object_versions(self, *, KeyMarker: str = "", **_: Any) -> dict[str, Any]:  # noqa: N803  # as the SDK says
        begin = int(KeyMarker[-13:-4]) + 1 if KeyMarker else 0
        listed = [_listed(number) for number in range(begin, min(begin + PAGE, self._objects))]
        truncated = begin + PAGE < self._objects
        return {"Versions": listed, "IsTruncated": truncated, "NextKeyMarker": listed[-1]["Key"] if listed else ""}

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:  # noqa: N803  # as above
        return {"Body": _Body(Key.encode())}


class _Body(io.BytesIO):
    def iter_chunks(self, _size: int) -> Iterator[bytes]:
        yield self.read()


def main() -> None:
    objects = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        work: dict[str, Callable[[], object]] = {
            VERIFY: partial(_verify, objects),
            READ_ALL: partial(_verify, objects, read_all=True),
            MANIFEST: partial(_renew, objects, Path(folder)),
            PLAN: partial(_plan, objects),
        }
        began = time.process_time()
        work[sys.argv[2]]()
        print(json.dumps({"cpu_seconds": time.process_time() - began, "peak_mib": peak_mib()}))


def _verify(objects: int, *, read_all: bool = False) -> None:
    s3: Any = ImaginedS3(objects)
    entries = (_entry(number) for number in range(objects))
    for step in Verification(S3Objects("s3://imagined", s3), entries, tree(), read_all=read_all).steps():
        if step.findings:
            raise RuntimeError(step.findings[0].reason)


def _renew(objects: int, folder: Path) -> None:
    s3: Any = ImaginedS3(objects)
    with Renewal(S3Objects("s3://imagined", s3), open_artifacts(str(folder)), tree()) as renewal:
        for _ in renewal.entries():
            pass
        renewal.publish()


def _plan(objects: int) -> None:
    s3: Any = ImaginedS3(objects)
    plan(S3Objects("s3://imagined", s3), S3Objects("s3://imagined", s3), tree())


def _key(number: int) -> str:
    return f"data/raw/card_images/{number:09}.png"


def _listed(number: int) -> dict[str, Any]:
    key = _key(number)
    etag = f'"{hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()}"'
    told = {"Key": key, "Size": len(key), "ETag": etag, "VersionId": f"version-{number}", "IsLatest": True}
    return {**told, "LastModified": LONG_AGO, "StorageClass": "STANDARD"}


def _entry(number: int) -> Entry:
    listed = _listed(number)
    sha256, etag = hashlib.sha256(listed["Key"].encode()).hexdigest(), listed["ETag"].strip('"')
    return Entry(key=listed["Key"], size=listed["Size"], sha256=sha256, etag=etag, version_id=listed["VersionId"])


if __name__ == "__main__":
    main()
