"""Results of the room detector and its peer → the tables a terminal shows, and all of it as JSON."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, astuple
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from benchmarks import peers
from benchmarks.plans import HALVES
from benchmarks.scoring import (
    OURS,
    PEER,
    Judged,
    Result,
    Results,
    Summary,
    confident,
    halves_gap,
    promises,
    reliability,
    summarize,
)
from containers.room_detection.detector import VERSION

SURE = 0.8
# heading → how its cells are written; the headings of a table follow the fields of what it shows
SUMMARY = {
    "source": "",
    "plans": "",
    "rooms": "",
    "found": "",
    "mask F1\n.5": ".3f",
    "mask F1\n.75": ".3f",
    "box F1\n.5": ".3f",
    "precision\n.5": ".3f",
    "recall\n.5": ".3f",
    "split": "",
    "merged": "",
    "detect\nms/MP": ".1f",
    "decode\nms/MP": ".1f",
    "detect ms\nmedian": ".0f",
    "detect ms\nmax": ".0f",
}
PROMISE = {
    "promise": "",
    "plans": "",
    "median ms": ".0f",
    "worst ms": ".0f",
    "worst plan": "",
    "promised ms": ".0f",
    "kept by": "",
}
BIN = {"confidence": ".1f", "to": ".1f", "rooms": "", "mean confidence": ".3f", "matched": ".3f"}


def report(results: Results) -> Iterator[RenderableType]:
    """What a reader sees, in order."""
    ours = results[OURS]
    yield f"Room detector {VERSION}, {len(ours)} plans; milliseconds are CPU time of one thread\n"
    yield _table(SUMMARY, [(name, *astuple(summary)) for name, summary in summaries(results).items()])
    yield f"\nmask F1 .5, tuning less check: {_cell(halves_gap(ours), '+.3f')}\n"
    yield _table(PROMISE, [astuple(promise) for promise in promises(ours)])
    yield ""
    yield _table(dict.fromkeys(peers.HEADINGS, ""), peers.MEASURED_ONCE)
    for half in HALVES:
        yield from _reliability(half, judged(ours, half))


def as_json(results: Results) -> dict[str, Any]:
    """All that was measured; the plans' known rooms stay where they are."""
    ours = results[OURS]
    return {
        "detector": VERSION,
        "summaries": {name: asdict(summary) for name, summary in summaries(results).items()},
        "tuning_less_check": halves_gap(ours),
        "promises": [asdict(promise) for promise in promises(ours)],
        "measured_once": [dict(zip(peers.HEADINGS, row, strict=True)) for row in peers.MEASURED_ONCE],
        "reliability": {half: [asdict(found) for found in reliability(judged(ours, half))] for half in HALVES},
        "sure": {half: asdict(confident(judged(ours, half), SURE)) for half in HALVES},
        "plans": {name: [_plan(result) for result in group] for name, group in results.items()},
    }


def summaries(results: Results) -> dict[str, Summary]:
    """Ours on all plans, on the halves and on every family; last the peer on all plans."""
    ours = results[OURS]
    groups = {"all": ours} | {half: [result for result in ours if result.plan.half == half] for half in HALVES}
    for family in sorted({result.plan.family for result in ours}):
        groups[family] = [result for result in ours if result.plan.family == family]
    return {name: summarize(group) for name, group in (groups | {PEER: results[PEER]}).items() if group}


def judged(results: list[Result], half: str) -> list[Judged]:
    return [room for result in results if result.plan.half == half for room in result.judged]


def _reliability(half: str, rooms: list[Judged]) -> Iterator[RenderableType]:
    sure = confident(rooms, SURE)
    yield f"\nreliability, {half} half"
    yield _table(BIN, [astuple(found) for found in reliability(rooms)])
    yield f"confidence >= {SURE}: {sure.rooms} rooms, {_cell(sure.matched_share, '.0%')} match"


def _plan(result: Result) -> dict[str, Any]:
    plan, measured = result.plan, {name: value for name, value in vars(result).items() if name != "plan"}
    return {"name": plan.name, "family": plan.family, "half": plan.half, "f1": result.f1(), **measured}


def _table(columns: Mapping[str, str], lines: Iterable[Iterable[object]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(columns):
        table.add_column(heading, justify="right" if place else "left", no_wrap=not place)
    for line in lines:
        table.add_row(*(_cell(value, form) for value, form in zip(line, columns.values(), strict=True)))
    return table


def _cell(value: object, form: str) -> str:
    return "-" if value is None else format(value, form)
