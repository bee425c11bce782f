"""What a model build finds in the project bucket: bundles that are published once, and the tables."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from cli.account import Account
from cli.model_build_bundle import NAME, Bundle, bundle
from cli.trouble import Trouble
from loupe.artifacts import S3Artifacts, WrittenByAnother

TABLES = {"InputTrainUri": "data/curated/train.csv", "InputValidationUri": "data/curated/validation.csv"}
_MISSING = {"404", "NoSuchKey", "NoSuchBucket"}
COMMIT = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A bundle in the bucket."""

    commit: str
    uri: str
    sha256: str


class Project:
    """The bucket of one environment."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.bucket = account.parameter("storage/project-bucket")

    def publish(self, made: Bundle) -> Published:
        """Put a bundle where its commit says; the same bytes again change nothing, others are refused."""
        try:
            with self.account.asked():
                S3Artifacts(f"s3://{self.bucket}", self.s3).add(made.key, made.body)
        except WrittenByAnother as error:
            raise Trouble(f"{error} A bundle is published once: commit what differs.") from error
        return Published(commit=made.commit, uri=self.uri(made.key), sha256=made.sha256)

    def bring(self, parameter: str, file: Path) -> str:
        """Put a table where the pipeline looks for it by default."""
        try:
            body = file.read_bytes()
        except OSError as error:
            raise Trouble(f"{file} cannot be read: {error.strerror}.") from error
        with self.account.asked():
            self.s3.put_object(Bucket=self.bucket, Key=TABLES[parameter], Body=body, ContentType="text/csv")
        return self.uri(TABLES[parameter])

    def published(self, revision: str | None) -> Published:
        """The bundle of a commit, or of the one that is checked out; Trouble unless it is there as it was made."""
        if revision is not None and COMMIT.fullmatch(revision):
            commit, sha256 = revision, None
        else:
            made = bundle(revision)
            commit, sha256 = made.commit, made.sha256
        uri = self.uri(f"pipeline/code/{commit}/{NAME}")
        found = hashlib.sha256(self.read(uri, advice="publish it with `loupe model-build publish`")).hexdigest()
        if sha256 not in (None, found):
            raise Trouble(f"{uri} has the SHA-256 {found}, and commit {commit} makes {sha256}.")
        return Published(commit=commit, uri=uri, sha256=found)

    def version(self, uri: str) -> str:
        """What tells the table that is there from others."""
        bucket, key = split(uri)
        with self._found(uri, "put a table there"):
            found = self.s3.head_object(Bucket=bucket, Key=key)
        if not found["ContentLength"]:
            raise Trouble(f"{uri} is empty.")
        return str(found.get("VersionId") or found["ETag"].strip('"'))

    def read(self, uri: str, *, advice: str) -> bytes:
        bucket, key = split(uri)
        with self._found(uri, advice):
            return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    @cached_property
    def s3(self) -> Any:
        return self.account.client("s3")

    @contextmanager
    def _found(self, uri: str, advice: str) -> Iterator[None]:
        """What is not there is said with what to do; all else as the account says it."""
        try:
            with self.account.asked():
                yield
        except Trouble as trouble:
            cause = trouble.__cause__
            if isinstance(cause, ClientError) and cause.response["Error"]["Code"] in _MISSING:
                raise Trouble(f"There is no {uri}: {advice}.") from cause
            raise


def parameters(
    project: Project, published: Published, given: Mapping[str, str], threshold: float | None
) -> dict[str, str]:
    """What the pipeline is started with: which bundle, which tables, and which versions of these."""
    tables = {name: given.get(name) or project.uri(key) for name, key in TABLES.items()}
    versions = " ".join(project.version(uri) for uri in tables.values())
    asked = {"AccuracyThreshold": str(threshold)} if threshold is not None else {}
    return {"CodeBundleUri": published.uri, **tables, "InputVersions": versions, **asked}


def split(uri: str) -> tuple[str, str]:
    """Bucket and key."""
    match = re.fullmatch("s3://([^/]+)/(.+)", uri)
    if not match:
        raise Trouble(f"{uri} is no address of an object: it must be s3://bucket/key.")
    return match[1], match[2]
