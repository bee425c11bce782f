"""A shard of a run: every plate of its share brought to its end, and a report of how."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from containers.plate_runs.dataset import Dataset, Shard
from containers.plate_runs.models import check_models
from containers.plate_runs.pictures import MAX_MEGAPIXELS
from containers.plate_runs.plate import Ending, Outcome, PlateRun
from containers.plate_runs.report import add_report, begin, report
from containers.plate_runs.schemas import Schemas
from loupe import claims

IN_FLIGHT_PER_CORE = 2  # plates that are fetched or written while others are measured


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is asked of a shard: the flags of `python -m containers.plate_runs run`."""

    dataset: str
    models: list[str]
    shard: Shard
    run_id: str | None = None
    max_megapixels: int = MAX_MEGAPIXELS


def run(task: Task) -> dict[str, Any]:
    """Go through the shard's plates, up to the first that breaks a schema; the report that was written of it."""
    check_models(task.models)
    dataset = Dataset(task.dataset)
    plates = dataset.plates()
    claim = _claim(task, dataset)
    begun = begin(dataset.reports(claim.run_id), task.shard)
    plate_run = PlateRun(
        dataset=dataset,
        claim=claim,
        schemas=Schemas(dataset.part("schemas")),
        cores=threading.BoundedSemaphore(_cores()),
        look_first=not begun or claim.shards != task.shard.count,
        max_megapixels=task.max_megapixels,
    )
    share = list(task.shard.share(plates))
    outcomes = list(_outcomes(plate_run, share))
    told = report(claim, task.shard, plates_total=len(plates), plates_selected=len(share), outcomes=outcomes)
    add_report(dataset.reports(claim.run_id), task.shard, told)
    return told


def _claim(task: Task, dataset: Dataset) -> claims.Claim:
    """The run of the id that was given, or a run of the shard's own."""
    if task.run_id is None:
        return claims.claim(dataset.root, task.models, task.shard.count)
    return claims.claimed(dataset.root, task.run_id, task.models, task.shard.count)


def _outcomes(plate_run: PlateRun, plates: list[str]) -> Iterator[Outcome]:
    """How each plate ended, in order; after the first that broke a schema no other is begun."""
    stop = threading.Event()

    def end(plate_id: str) -> Outcome | None:
        if stop.is_set():
            return None
        outcome = plate_run.end(plate_id)
        if outcome.ending is Ending.BROKE_SCHEMA:
            stop.set()
        return outcome

    with ThreadPoolExecutor(IN_FLIGHT_PER_CORE * _cores()) as threads:
        yield from (outcome for outcome in threads.map(end, plates) if outcome)


def _cores() -> int:
    return os.cpu_count() or 1
