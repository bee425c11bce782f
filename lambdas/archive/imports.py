"""Objects elsewhere → what an import of them would do, and what it did, object by object: nothing is overwritten."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from lambdas.archive.bucket import S3Objects
from lambdas.archive.checksums import sha256_of
from lambdas.archive.comparison import side_by_side
from lambdas.archive.copies import Copies, Occupied
from lambdas.archive.objects import ChangedMeanwhile, Cold, Found, Objects
from lambdas.archive.tree import Tree
from loupe.ahead import worked_ahead

KEY_BYTES = 1024
OWN = "metadata/"  # the archive writes its own
_OF_ONE_OBJECT = frozenset({"AccessDenied", "InvalidObjectState", "KMS.DisabledException", "NoSuchKey", "404"})


class Came(StrEnum):
    """What became of an object."""

    COPIED = "copied"
    PRESENT = "present"  # it was there with the same bytes
    DIFFERS = "differs"  # other bytes are there, and stay
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """An object, the key that it goes to, and what is there."""

    key: str
    source: Found
    there: Found | None = None


@dataclass
class Plan:
    """What goes where; strays are keys that have no place in the tree, and refuse the whole import."""

    planned: list[Planned] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    left_out: int = 0

    @property
    def bytes(self) -> int:
        """What is not there yet."""
        return sum(one.source.size for one in self.planned if one.there is None)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What became of one object, and of which version of what was to be copied."""

    key: str
    came: Came
    bytes: int
    source_etag: str
    version_id: str | None = None
    sha256: str | None = None
    reason: str | None = None

    def told(self) -> dict[str, Any]:
        return vars(self)


def plan(source: Objects, target: Objects, tree: Tree, *, into: str = "") -> Plan:
    """Compare what is to come with what is there; folder markers and another archive's own records stay away."""
    found = Plan()
    coming = (Planned(key=into + one.key, source=one) for one in source.walk())
    for one, there in side_by_side(coming, target.walk(into)):
        if one is None:
            continue
        if one.source.is_marker or one.key.startswith(OWN):
            found.left_out += 1
        elif tree.place_of(one.key) is None or len(one.key.encode()) > KEY_BYTES:
            found.strays.append(one.key)
        else:
            found.planned.append(Planned(key=one.key, source=one.source, there=there))
    return found


class Import:
    """The work of a plan; what an import that was stopped has told of is not looked at again."""

    def __init__(self, source: Objects, target: S3Objects, *, told: Mapping[str, Arrival] | None = None) -> None:
        self._source, self._target, self._told = source, target, told or {}
        self._copies = Copies(target)

    def arrivals(self, planned: Iterable[Planned], *, dry_run: bool = False) -> Iterator[Arrival]:
        """Copy, in the order of the plan; a dry run only compares."""
        yield from worked_ahead(self._compared if dry_run else self._arrived, planned)

    def _arrived(self, one: Planned) -> Arrival:
        if one.there is not None:
            return self._compared(one)
        try:
            copied = self._copies.add(one.key, self._source, one.source)
        except Occupied:
            return self._came_first(one, self._target.look(one.key))
        except (ChangedMeanwhile, Cold, ClientError) as error:
            return _failed(one, error)
        return _arrival(one, Came.COPIED, version_id=copied.version, sha256=copied.sha256)

    def _came_first(self, one: Planned, there: Found | None) -> Arrival:
        """What another has put there meanwhile; without it the condition that did not hold was the source's."""
        if there is None:
            return _arrival(one, Came.FAILED, reason="it has been changed while it was copied: import it again")
        return self._compared(Planned(key=one.key, source=one.source, there=there))

    def _compared(self, one: Planned) -> Arrival:
        if one.there is None:
            return _arrival(one, Came.COPIED)
        if (told := self._told.get(one.key)) and _still(told, one.source, one.there):
            return replace(told, came=Came.PRESENT)
        if one.there.size != one.source.size:
            reason = f"has {one.there.size} bytes there, and {one.source.size} in what was to be copied"
            return _arrival(one, Came.DIFFERS, reason=reason)
        try:
            coming, there = sha256_of(self._source, one.source), sha256_of(self._target, one.there)
        except (ChangedMeanwhile, Cold, ClientError) as error:
            return _failed(one, error)
        if coming.sha256 == there.sha256:
            return _arrival(one, Came.PRESENT, version_id=one.there.version, sha256=there.sha256)
        reason = f"its SHA-256 is {there.sha256} there, and {coming.sha256} in what was to be copied"
        return _arrival(one, Came.DIFFERS, reason=reason)


def _still(told: Arrival, source: Found, there: Found) -> bool:
    """Whether both are what they were when they were found to be the same."""
    same = told.came in {Came.COPIED, Came.PRESENT} and told.source_etag == source.etag
    return same and there.version is not None and told.version_id == there.version


def _arrival(one: Planned, came: Came, **more: Any) -> Arrival:
    return Arrival(key=one.key, came=came, bytes=one.source.size, source_etag=one.source.etag, **more)


def _failed(one: Planned, error: Exception) -> Arrival:
    """What is wrong with one object; what is wrong with all of them ends the import."""
    if isinstance(error, ClientError) and error.response["Error"]["Code"] not in _OF_ONE_OBJECT:
        raise error
    return _arrival(one, Came.FAILED, reason=" ".join(str(error).split()))
