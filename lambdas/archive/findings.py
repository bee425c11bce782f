"""What a verification finds, object by object, with both checksums; and what follows for each place of the tree."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lambdas.archive.comparison import side_by_side
from lambdas.archive.entries import Entry
from lambdas.archive.holdings import Holdings
from lambdas.archive.objects import Found
from lambdas.archive.tree import Tree

Kind = Literal["missing", "extra", "truncated", "grown", "altered", "unreadable", "stray", "reference"]


@dataclass(frozen=True, kw_only=True)
class State:
    """Bytes, and their checksum where it is known."""

    bytes: int
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An object that is not as the manifest says: its key, what is wrong, what was expected and what is there."""

    kind: Kind
    key: str
    reason: str
    expected: State | None = None
    found: State | None = None

    def told(self) -> dict[str, Any]:
        """For people and machines."""
        return asdict(self)


def told_finding(told: dict[str, Any]) -> Finding:
    """The finding that told so."""
    states = {name: State(**told[name]) if told[name] else None for name in ("expected", "found")}
    return Finding(**{**told, **states})


def missing(entry: Entry) -> Finding:
    reason = f"it is gone: it had {entry.size} bytes with the SHA-256 {entry.sha256}"
    return Finding(kind="missing", key=entry.key, reason=reason, expected=_of(entry))


def unlisted(found: Found, sha256: str | None) -> Finding:
    reason = f"the manifest does not have it: it has {found.size} bytes with the SHA-256 {sha256 or 'unknown'}"
    return Finding(kind="extra", key=found.key, reason=reason, found=State(bytes=found.size, sha256=sha256))


def stray(found: Found) -> Finding:
    reason = "it lies in no place of the tree"
    return Finding(kind="stray", key=found.key, reason=reason, found=State(bytes=found.size, sha256=None))


def unreadable(entry: Entry, found: Found, reason: str) -> Finding:
    state = State(bytes=found.size, sha256=None)
    return Finding(kind="unreadable", key=entry.key, reason=reason, expected=_of(entry), found=state)


def differing(entry: Entry, found: Found, sha256: str) -> Finding:
    """An object with other bytes than were listed."""
    kind: Kind = "altered" if found.size == entry.size else "truncated" if found.size < entry.size else "grown"
    sizes = "" if kind == "altered" else f"has {found.size} bytes, and the manifest says {entry.size}; "
    reason = f"{sizes}its SHA-256 is {sha256}, and the manifest says {entry.sha256}"
    state = State(bytes=found.size, sha256=sha256)
    return Finding(kind=kind, key=entry.key, reason=reason, expected=_of(entry), found=state)


def places(tree: Tree, entries: Iterable[Entry], findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Each place as the manifest has it and as it was found: the manifest and the findings are all there is to know."""
    expected, found, wrong = Holdings(tree), Holdings(tree), dict[str, int]()
    listed = [finding for finding in findings if finding.kind not in {"stray", "reference"}]
    for entry, finding in side_by_side(entries, listed):
        if entry:
            expected.add(entry.key, entry.size, entry.sha256)
        if finding and (place := tree.place_of(finding.key)):
            wrong[place.name] = wrong.get(place.name, 0) + 1
        is_there = finding.found if finding else _of(entry) if entry else None
        if is_there:
            found.add((finding or entry).key, is_there.bytes, is_there.sha256 or "unknown")  # type: ignore[union-attr]  # one of both is there
    return [
        {**was.told(), "found": is_now.told(), "findings": wrong.get(was.name, 0)}
        for was, is_now in zip(expected.all(), found.all(), strict=True)
        if was.objects or is_now.objects
    ]


def _of(entry: Entry) -> State:
    return State(bytes=entry.size, sha256=entry.sha256)
