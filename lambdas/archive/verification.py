"""The archive against its manifest, in the order of the keys: it may stop after any step and go on from there."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lambdas.archive import findings
from lambdas.archive.checksums import Evidence, sha256_of
from lambdas.archive.comparison import side_by_side
from lambdas.archive.entries import Entry
from lambdas.archive.findings import Finding, told_finding
from lambdas.archive.objects import ChangedMeanwhile, Cold, Found, Objects
from lambdas.archive.tree import Tree
from loupe.ahead import worked_ahead

STEP = 1_000  # objects, if they do not take longer than
STEP_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """What was found up to a key and since the step before; `rests_on` counts objects by what vouches for them.

    Only objects count that were compared: what the tree's contract does not verify is passed over.
    """

    after: str
    objects: int = 0
    bytes_read: int = 0
    rests_on: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        return {**vars(self), "findings": [finding.told() for finding in self.findings]}


def told_step(told: dict[str, Any]) -> Step:
    """The step that told so."""
    return Step(**{**told, "findings": [told_finding(one) for one in told["findings"]]})


def together(steps: Iterable[Step]) -> Step:
    """All of them as one."""
    found, rests_on, counted = list[Finding](), Counter[str](), Counter[str]()
    after = ""
    for step in steps:
        found += step.findings
        rests_on.update(step.rests_on)
        counted.update(objects=step.objects, bytes_read=step.bytes_read)
        after = step.after
    return Step(after=after, findings=found, rests_on=dict(rests_on), **counted)


@dataclass(frozen=True)
class _Judged:
    """What came of one key; no evidence is where nothing had to be looked at."""

    key: str
    finding: Finding | None = None
    evidence: Evidence | None = None
    bytes_read: int = 0


class Verification:
    """A comparison of what is listed with what the manifest lists; it writes nothing, and its memory does not grow."""

    def __init__(self, objects: Objects, entries: Iterable[Entry], tree: Tree, *, read_all: bool = False) -> None:
        self._objects, self._entries, self._tree, self._read_all = objects, entries, tree, read_all

    def steps(self, *, after: str = "", listed: Iterable[Found] | None = None) -> Iterator[Step]:
        """What is found after a key; from a listing made elsewhere, where there is one."""
        walked = self._objects.walk(after=after) if listed is None else (one for one in listed if one.key > after)
        expected = (entry for entry in self._entries if entry.key > after)
        step, begun = list[_Judged](), time.monotonic()
        for judged in worked_ahead(self._judged, side_by_side(filter(_counts, walked), expected)):
            step.append(judged)
            if len(step) >= STEP or time.monotonic() > begun + STEP_SECONDS:
                yield _step(step)
                step, begun = [], time.monotonic()
        if step:
            yield _step(step)

    def _judged(self, pair: tuple[Found | None, Entry | None]) -> _Judged:
        found, entry = pair
        if found is None:
            assert entry, "a pair has at least one side"
            return _Judged(entry.key, findings.missing(entry))
        if entry is None:
            return self._unlisted(found)
        if not self._read_all and found.version and entry.is_of(found):
            return _Judged(found.key, evidence=Evidence.VERSION)
        return self._compared(found, entry)

    def _compared(self, found: Found, entry: Entry) -> _Judged:
        try:
            checksum = sha256_of(self._objects, found, read_all=self._read_all)
        except ChangedMeanwhile as error:
            return _Judged(found.key, findings.unreadable(entry, found, str(error)))
        except Cold as error:
            if found.version and entry.is_of(found):
                return _Judged(found.key, evidence=Evidence.VERSION)
            return _Judged(found.key, findings.unreadable(entry, found, str(error)))
        differs = found.size != entry.size or checksum.sha256 != entry.sha256
        finding = findings.differing(entry, found, checksum.sha256) if differs else None
        return _Judged(found.key, finding, checksum.evidence, _read(found, checksum.evidence))

    def _unlisted(self, found: Found) -> _Judged:
        place = self._tree.place_of(found.key)
        if place is None:
            return _Judged(found.key, findings.stray(found))
        if not place.verified:
            return _Judged(found.key)
        try:
            checksum = sha256_of(self._objects, found, read_all=self._read_all)
        except (ChangedMeanwhile, Cold):
            return _Judged(found.key, findings.unlisted(found, None))
        bytes_read = _read(found, checksum.evidence)
        return _Judged(found.key, findings.unlisted(found, checksum.sha256), checksum.evidence, bytes_read)


def _counts(found: Found) -> bool:
    return not found.is_marker


def _read(found: Found, evidence: Evidence) -> int:
    return found.size if evidence is Evidence.READ else 0


def _step(judged: list[_Judged]) -> Step:
    return Step(
        after=judged[-1].key,
        objects=sum(1 for one in judged if one.finding or one.evidence),
        bytes_read=sum(one.bytes_read for one in judged),
        rests_on=dict(Counter(str(one.evidence) for one in judged if one.evidence)),
        findings=[one.finding for one in judged if one.finding],
    )
