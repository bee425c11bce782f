"""A night's verification, leg by leg: each goes on where the one before stopped, the last one writes the report."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lambdas.archive import manifest
from lambdas.archive.findings import Finding
from lambdas.archive.manifest import Manifest
from lambdas.archive.objects import Objects
from lambdas.archive.reference import reference_findings
from lambdas.archive.settings import VERIFICATION
from lambdas.archive.tree import tree
from lambdas.archive.verification import Step, Verification, together, told_step
from loupe import contracts
from loupe.artifacts import Artifacts

_DIFFER = frozenset({"altered", "truncated", "grown"})
_NEWS = frozenset({"extra", "stray"})


@dataclass(frozen=True, kw_only=True)
class Leg:
    """Where the next leg begins, or the name of the report where there is none."""

    leg: int
    after: str
    read_all: bool
    report: str | None = None

    def message(self) -> dict[str, Any]:
        """As `schemas/archive/verify_answer.json` says."""
        return dict(contracts.check("archive/verify_answer", {"done": self.report is not None, **vars(self)}))


class Night:
    """The verification of one execution. A leg that is repeated finds what it has written, and changes nothing."""

    def __init__(self, objects: Objects, artifacts: Artifacts, reference: Artifacts, asked: dict[str, Any]) -> None:
        self._objects, self._artifacts, self._reference, self._asked = objects, artifacts, reference, asked
        self._date = str(asked["started"])[:10]
        self._folder = f"{VERIFICATION}{self._date}/{asked['execution'].rpartition(':')[2]}"

    def go_on(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> Leg:
        """Compare until time is up, a step at least; report when nothing is left, or nothing can be compared with."""
        leg, read_all = self._asked["leg"], self._asked["read_all"]
        try:
            known = manifest.current(self._artifacts)
            done, step = self._walked(known, clock() + seconds, clock)
        except ValueError as error:  # no manifest, a damaged one, or a damaged list beside it
            return Leg(leg=leg, after="", read_all=read_all, report=self._report(None, [], str(error)))
        if not done:
            return Leg(leg=leg + 1, after=step.after, read_all=read_all)
        steps = [self._written(earlier)[1] for earlier in range(1, leg + 1)]
        return Leg(leg=leg, after=step.after, read_all=read_all, report=self._report(known, steps, None))

    def told(self, report: str) -> dict[str, Any]:
        """A report as it was written."""
        return dict(contracts.check("archive/verification", json.loads(self._artifacts.read(report))))

    def _walked(self, known: Manifest, until: float, clock: Callable[[], float]) -> tuple[bool, Step]:
        """This leg, walked now unless it was before: whether it came to the end, and what it found."""
        leg = self._asked["leg"]
        try:
            return self._written(leg)
        except FileNotFoundError:
            with known.entries(self._artifacts) as entries:
                verification = Verification(self._objects, entries, tree(), read_all=self._asked["read_all"])
                done, steps = _until(verification.steps(after=self._asked["after"]), until, clock)
        self._artifacts.create(self._name(leg), _json({"done": done, "step": together(steps).told()}))
        return self._written(leg)

    def _written(self, leg: int) -> tuple[bool, Step]:
        told = json.loads(self._artifacts.read(self._name(leg)))
        return told["done"], told_step(told["step"])

    def _name(self, leg: int) -> str:
        return f"{self._folder}/leg-{leg:04}.json"

    def _report(self, known: Manifest | None, steps: list[Step], reason: str | None) -> str:
        """Write it under the date's first name that is free: an execution has one."""
        found = together(steps)
        wrong = [*found.findings, *(reference_findings(self._reference) if known else ())]
        told = {
            "date": self._date,
            **{name: self._asked[name] for name in ("execution", "started", "read_all")},
            "manifest": known.id if known else None,
            "reason": reason,
            "legs": self._asked["leg"],
            **{name: getattr(found, name) for name in ("objects", "bytes_read", "rests_on")},
            "damage": [one.told() for one in wrong if _is_damage(one)],
            "news": [one.told() for one in wrong if not _is_damage(one)],
        }
        body, number = _json(contracts.check("archive/verification", told)), 1
        while not self._artifacts.create(name := _report_name(self._date, number), body):
            if self.told(name)["execution"] == self._asked["execution"]:
                break
            number += 1
        return name


def notification(report: str, told: dict[str, Any]) -> dict[str, Any] | None:
    """What people are told of a report, as `schemas/archive/notification.json` says; None where all is well."""
    if not told["damage"] and not told["reason"]:
        return None
    first = [{name: one[name] for name in ("kind", "key", "reason")} for one in told["damage"][:20]]
    return {
        "date": told["date"],
        "report": report,
        "objects": told["objects"],
        "damaged": len(told["damage"]),
        "reason": told["reason"],
        "first": first,
    }


def _is_damage(finding: Finding) -> bool:
    """Whether it must not be: new objects may come, and what is not written once may be written again."""
    if finding.kind in _NEWS:
        return False
    place = tree().place_of(finding.key)
    return finding.kind not in _DIFFER or place is None or place.immutable


def _until(steps: Iterable[Step], until: float, clock: Callable[[], float]) -> tuple[bool, list[Step]]:
    """The steps that fit in, one at least; whether they are all."""
    taken = []
    for step in steps:
        taken.append(step)
        if clock() >= until:
            return False, taken
    return True, taken


def _report_name(date: str, number: int) -> str:
    return f"{VERIFICATION}{date}.json" if number == 1 else f"{VERIFICATION}{date}.{number}.json"


def _json(message: Any) -> bytes:
    return json.dumps(message, indent=1, ensure_ascii=False).encode() + b"\n"
