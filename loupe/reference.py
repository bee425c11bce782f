"""Reference versions: folders that are written once and sealed by `version.json`, and the pointer to the one in use."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from loupe import contracts
from loupe.artifacts import Artifacts, open_artifacts
from loupe.rows import Damaged

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

FORMAT = 2  # of codes, bounds, cells and cards
POINTER = "current.json"
SEAL = "version.json"
EMBEDDINGS, INDEX, METADATA = "embeddings.npy", "index.json", "metadata.json"
CODES, BOUNDS, CELLS, CARDS = "codes.npy", "bounds.npy", "cells.npy", "cards.json.gz"
USEARCH, EMBEDDER = "usearch.index", "embedder.onnx"
VERSION_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class NotPublished(LookupError):
    """No version has ever been published."""


class NoSuchVersion(LookupError):
    """A version that is not there, or whose build has not come to its end."""


class BadVersionName(ValueError):
    """A name that no version can have."""


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """Which version answers, which did before, and since when."""

    version: str
    previous: str | None
    published_at: str

    def message(self) -> dict[str, Any]:
        """As `schemas/search/pointer.json` says."""
        return asdict(self)


@dataclass(frozen=True)
class Version:
    """A sealed version: `facts` is its `version.json`."""

    name: str
    facts: dict[str, Any]
    folder: Artifacts

    def read(self, file: str) -> bytes:
        """A file of the version, proven to be the one that was sealed; Damaged says what it should be."""
        expected = self.facts["files"][file]
        try:
            body = self.folder.read(file)
        except FileNotFoundError:
            raise Damaged(f"{self.folder.url}/{file} is gone.") from None
        found = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        if found != expected:
            raise Damaged(damage(self.folder, file, found, expected))
        return body


class Reference:
    """All versions, and the pointer beside them."""

    def __init__(self, url: str, client: "S3Client | None" = None) -> None:
        self.root = open_artifacts(url, client)
        self._client = client

    def folder(self, name: str) -> Artifacts:
        """Where a version lies, or would lie; BadVersionName where none can."""
        if not VERSION_NAME.fullmatch(name):
            raise BadVersionName(f"{name!r} is no name of a version: it must match {VERSION_NAME.pattern}.")
        return open_artifacts(f"{self.root.url}/{name}", self._client)

    def pointer(self) -> Pointer:
        """What is published now; NotPublished where nothing is."""
        try:
            found = _parsed(self.root, POINTER)
        except FileNotFoundError:
            raise NotPublished(f"{self.root.url} has no {POINTER}: publish a version first.") from None
        return Pointer(**contracts.check("search/pointer", found))

    def version(self, name: str) -> Version:
        """A sealed version by its name; NoSuchVersion without it."""
        folder = self.folder(name)
        try:
            told = _parsed(folder, SEAL)
            if isinstance(told, dict) and told.get("format", FORMAT) != FORMAT:
                raise Damaged(
                    f"{folder.url} has format {told['format']}, and this program reads {FORMAT}: build it anew."
                )
            facts = contracts.check("search/version", told)
        except FileNotFoundError:
            raise NoSuchVersion(
                f"{self.root.url} has no version {name}, or its build has not come to its end."
            ) from None
        if facts["version"] != name:
            raise Damaged(f"{folder.url}/{SEAL} is of another version, {facts['version']}.")
        return Version(name, facts, folder)

    def names(self) -> Iterator[str]:
        """Every version's name, sealed or not, in order."""
        yield from (name for name in self.root.folders() if VERSION_NAME.fullmatch(name))


def _parsed(folder: Artifacts, file: str) -> Any:
    body = folder.read(file)
    try:
        return json.loads(body)
    except ValueError as error:
        raise Damaged(f"{folder.url}/{file} is no JSON: {error}") from None


def damage(folder: Artifacts, file: str, found: dict[str, Any], expected: dict[str, Any]) -> str:
    """What is wrong with a file that is not the one that was sealed."""
    return (
        f"{folder.url}/{file} has {found['bytes']} bytes with SHA-256 {found['sha256']}, "
        f"and {SEAL} says {expected['bytes']} with {expected['sha256']}."
    )
