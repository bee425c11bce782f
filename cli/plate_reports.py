"""What the shards of a run reported, in S3 or in a folder → how the run stands."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from cli.plate_archives import Archive
from cli.trouble import Trouble
from containers.plate_runs.dataset import REPORTS, Dataset
from loupe import claims, contracts
from loupe.claims import RUN_ID

READERS = 16
_REPORT = re.compile(r"shard-([0-9]+)-of-([0-9]+)(?:\.([0-9]+))?\.json")
_COUNTERS = ("processed", "skipped", "refused")

Report = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a run stands: COMPLETE or FAILED as its shards reported last, UNFINISHED while some have not.

    UNCLAIMED is what another program may have left.
    An execution tells more: RUNNING while it goes on, FAILED with its reason where it failed.
    """

    run: str
    dataset: str
    state: str
    models: list[str] = field(default_factory=list)
    shards: int | None = None
    reported: int = 0
    processed: int = 0
    skipped: int = 0
    refused: int = 0
    failed: int = 0
    undecodable: int = 0
    reason: str | None = None
    execution: str | None = None

    @property
    def done(self) -> int:
        """Plates that are sealed, as far as it was reported."""
        return self.processed + self.skipped

    def summary(self) -> str:
        """In a line."""
        counts = {"measured": self.done, "refused": self.refused, "failed": self.failed}
        plates = ", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "measured")
        return f"{self.state}: {plates} by {', '.join(self.models)}" if self.models else self.state

    def told(self) -> dict[str, Any]:
        """For people and machines; what is not known is left out."""
        known = {**asdict(self), "done": self.done}
        return {name: value for name, value in known.items() if value is not None}


def runs_of(archive: Archive) -> list[Run]:
    """The runs that left a claim in a dataset, oldest first."""
    with archive.asked(), ThreadPoolExecutor(READERS) as readers:
        dataset = archive.open()
        ids = [name for name in dataset.part(REPORTS).folders() if RUN_ID.fullmatch(name)]
        found = readers.map(lambda run_id: _run(archive.name, dataset, run_id), ids)
        return [run for run in found if run]


def run_of(archive: Archive, run_id: str) -> Run | None:
    """One run, None if the dataset has no claim of it."""
    with archive.asked():
        return _run(archive.name, archive.open(), run_id)


def find(name: str, among: list[Archive]) -> tuple[Archive, Run]:
    """The run of an id, or the last run of a dataset, and where it is; Trouble if there is none."""
    if RUN_ID.fullmatch(name):
        found = ((archive, run_of(archive, name)) for archive in among)
    else:
        found = (
            (archive, next(iter(runs_of(archive)[::-1]), None))
            for archive in among
            if name in {archive.name, archive.url}
        )
    for archive, run in found:
        if run:
            return archive, run
    if RUN_ID.fullmatch(name) and len(among) == 1:
        return among[0], Run(run=name, dataset=among[0].name, state="UNCLAIMED")
    raise Trouble(f"There is no run {name!r} in {', '.join(archive.url for archive in among) or 'any dataset'}.")


def _run(name: str, dataset: Dataset, run_id: str) -> Run | None:
    folder = dataset.reports(run_id)
    try:
        claim = claims.find(dataset.root, run_id)
    except FileNotFoundError:
        return None
    newest = _newest(folder.names("shard-"))
    reports = [contracts.check("plate_runs/shard_report", json.loads(folder.read(file))) for file in newest.values()]
    counts = {claim.shards, *(report["shard_count"] for report in reports)}
    attempts = [_stands(reports, shards) for shards in sorted(counts, key=lambda shards: shards != claim.shards)]
    stands = next((one for one in attempts if one["state"] == "COMPLETE"), attempts[0])
    return Run(run=run_id, dataset=name, models=claim.models, **stands)


def _newest(names: Iterator[str]) -> dict[tuple[str, str], str]:
    """Shard → the name of its last attempt's report."""
    found = sorted(
        (int(match[3] or 1), match[1], match[2], name) for name in names if (match := _REPORT.fullmatch(name))
    )
    return {(index, count): name for _, index, count, name in found}


def _stands(reports: list[Report], shards: int) -> dict[str, Any]:
    """How a run stands that was cut into so many shards."""
    found = [report for report in reports if report["shard_count"] == shards]
    return {"shards": shards, **_counted(found), **_ended(found, shards)}


def _counted(reports: list[Report]) -> dict[str, int]:
    counts = {name: sum(report[f"plates_{name}"] for report in reports) for name in _COUNTERS}
    failed = sum(report["errors"] + report["schema_failures"] for report in reports)
    undecodable = sum(report["decode_failures"] for report in reports)
    return {**counts, "failed": failed, "undecodable": undecodable, "reported": len(reports)}


def _ended(reports: list[Report], shards: int) -> dict[str, Any]:
    """The state, and a reason of a shard that failed."""
    for report in reports:
        if report["outcome"] == "failed":
            refused = [f"{one['plate_id']}: {one['reason']}" for one in report["refused"]]
            return {"state": "FAILED", "reason": next(iter([*refused, *report["errors_sample"][::-1]]), None)}
    return {"state": "COMPLETE" if len(reports) == shards else "UNFINISHED"}
