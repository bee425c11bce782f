"""Objects that may be copies → what may be deleted, because the very same bytes are kept elsewhere, and why not."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lambdas.archive.bucket import S3Objects
from lambdas.archive.checksums import sha256_of
from lambdas.archive.entries import Entry
from lambdas.archive.objects import ChangedMeanwhile, Cold, Found, Objects
from lambdas.archive.tree import Tree
from loupe.ahead import worked_ahead


class NoCopy(ValueError):
    """What is named as a copy cannot be one."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """Where the same bytes are, and the object that has them."""

    objects: Objects
    found: Found

    @property
    def url(self) -> str:
        return f"{self.objects.url}/{self.found.key}"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An object, and the copy that makes it superfluous; without one the reason why it stays."""

    found: Found
    sha256: str | None = None
    copy: Copy | None = None
    reason: str | None = None

    def told(self) -> dict[str, Any]:
        copy = self.copy.url if self.copy else None
        return {
            "key": self.found.key,
            "bytes": self.found.size,
            "sha256": self.sha256,
            "copy": copy,
            "reason": self.reason,
        }


class Kept:
    """What an archive's manifest says is kept, outside of the objects that may go."""

    def __init__(self, archive: S3Objects, entries: Iterable[Entry], *, but: S3Objects) -> None:
        self._archive, self._by_sha256 = archive, defaultdict[str, list[Entry]](list)
        for entry in entries:
            if not _within(archive, entry.key, but):
                self._by_sha256[entry.sha256].append(entry)

    def copy(self, found: Found, sha256: str) -> Copy | None:
        """One that is there now, as the very version whose bytes were read for the manifest, or read again now."""
        for entry in self._by_sha256.get(sha256, []):
            copy = Copy(objects=self._archive, found=_found(entry, found))
            if entry.size == found.size and self._is_kept(copy, sha256):
                return copy
        return None

    def _is_kept(self, copy: Copy, sha256: str) -> bool:
        if not self._archive.is_there(copy.found):
            return False
        return copy.found.version is not None or sha256_of(self._archive, copy.found, read_all=True).sha256 == sha256


class Mirror:
    """What another root has under the same keys, looked at now."""

    def __init__(self, root: Objects, *, but: S3Objects) -> None:
        if isinstance(root, S3Objects) and (_within(root, "", but) or _within(but, "", root)):
            raise NoCopy(f"{root.url} and {but.url} lie in each other: a copy must lie elsewhere.")
        self._root = root

    def copy(self, found: Found, sha256: str) -> Copy | None:
        same = self._root.look(found.key)
        if same is None or same.size != found.size or sha256_of(self._root, same).sha256 != sha256:
            return None
        return Copy(objects=self._root, found=same)


class Deletions:
    """A plan over all that is under an address, and its work; what the tree keeps for ever stays all the same."""

    def __init__(self, place: S3Objects, copies: Kept | Mirror, tree: Tree, *, project: S3Objects) -> None:
        self._place, self._copies, self._tree, self._project = place, copies, tree, project

    def candidates(self) -> Iterator[Candidate]:
        """Every object, in the order of the keys."""
        return worked_ahead(self._candidate, (found for found in self._place.walk() if not found.is_marker))

    def deleted(self, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        """Delete those that have a copy still, if they are still what they were; where versions are kept, they stay."""
        return worked_ahead(self._delete, (one for one in candidates if one.copy))

    def _candidate(self, found: Found) -> Candidate:
        if self._is_in_custody(found):
            return Candidate(found=found, reason="the tree's contract keeps it for ever")
        if not found.size:
            return Candidate(found=found, reason="it is empty: its key is all that it says")
        try:
            sha256 = sha256_of(self._place, found).sha256
            copy = self._copies.copy(found, sha256)
        except (ChangedMeanwhile, Cold) as error:
            return Candidate(found=found, reason=str(error))
        return Candidate(found=found, sha256=sha256, copy=copy, reason=None if copy else "no verified copy is known")

    def _is_in_custody(self, found: Found) -> bool:
        place = self._tree.place_of(self._place.key(found.key)) if self._place.bucket == self._project.bucket else None
        return bool(place and place.immutable)

    def _delete(self, candidate: Candidate) -> Candidate:
        assert candidate.copy, "what has no copy is not deleted"
        if not candidate.copy.objects.is_there(candidate.copy.found):
            return Candidate(found=candidate.found, sha256=candidate.sha256, reason="its copy is not there any more")
        where: Any = {"Bucket": self._place.bucket, "Key": self._place.key(candidate.found.key)}
        try:
            self._place.client.delete_object(**where, IfMatch=f'"{candidate.found.etag}"')
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"PreconditionFailed", "NoSuchKey", "AccessDenied"}:
                raise
            return Candidate(found=candidate.found, sha256=candidate.sha256, reason=" ".join(str(error).split()))
        return candidate


def _within(archive: S3Objects, key: str, place: S3Objects) -> bool:
    return archive.bucket == place.bucket and archive.key(key).startswith(place.prefix)


def _found(entry: Entry, like: Found) -> Found:
    return Found(key=entry.key, size=entry.size, etag=entry.etag, modified=like.modified, version=entry.version_id)
