"""The buckets as they are listed, and the registry → everything that analytics/metrics/ holds, as files."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.archive import charts, costs
from lambdas.archive.costs import Line, Machines
from lambdas.archive.models import Model, Models, compression, lineage, performance
from lambdas.archive.prices import GIB, prices
from lambdas.archive.storage import NOWHERE, PROJECT, STANDARD, Seen, Storage, monthly
from lambdas.archive.tables import csv_of
from lambdas.archive.traces import Read, Traces, Use
from lambdas.archive.tree import tree
from loupe import contracts

WINDOW_DAYS = 30  # what was done in them is what a month costs
_STORAGE = "as_of bucket place slice storage_class versions objects bytes usd_per_month"
_COST = "slice component quantity unit usd_per_unit usd price price_region price_date price_source"
_PERFORMANCE = "model version metric value source"
_COMPRESSION = "model version format files bytes largest_bytes times_smaller"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one look at the buckets has come to."""

    as_of: datetime
    storage: Storage
    lines: list[Line]
    per_1000_inputs: dict[str, dict[str, Any]]
    models: list[Model]
    packages: list[dict[str, Any]]
    unread: list[str]

    def summary(self) -> dict[str, Any]:
        """As `schemas/archive/summary.json` says."""
        told = {
            "as_of": self.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tree_version": tree().version,
            "window_days": WINDOW_DAYS,
            "storage": self._storage(),
            "cost": self._cost(),
            "models": {"versions": len(self.models), "packages": len(self.packages)},
            "unread": self.unread,
        }
        return dict(contracts.check("archive/summary", told))

    def files(self) -> dict[str, bytes]:
        """Every file of analytics/metrics/, by name."""
        day = self.as_of.strftime("%Y-%m-%d")
        return {
            "storage_metrics.csv": csv_of(_STORAGE.split(), self.storage.rows(prices(), day)),
            "cost_breakdown.csv": csv_of(_COST.split(), (line.row() for line in self.lines)),
            "model_performance.csv": csv_of(_PERFORMANCE.split(), performance(self.models, self.packages)),
            "compression_metrics.csv": csv_of(_COMPRESSION.split(), compression(self.models)),
            "model_lineage.json": _json(contracts.check("archive/lineage", lineage(self.models, self.packages))),
            "summary.json": _json(self.summary()),
            "metrics.html": self._page(),
        }

    def _storage(self) -> dict[str, Any]:
        total, noncurrent = self.storage.total(), self.storage.total(current=False)
        outside = self.storage.total(bucket=PROJECT, place=NOWHERE)
        shelves = list(self.storage.shelves())
        saved = (
            monthly(prices(), STANDARD, held.bytes) - monthly(prices(), shelf.storage_class, held.bytes)
            for shelf, held in shelves
        )
        return {
            **vars(total),
            "noncurrent_objects": noncurrent.objects,
            "noncurrent_bytes": noncurrent.bytes,
            "in_no_place": vars(outside),
            "places": _by_place(self.storage),
            "saved_by_storage_classes_usd_per_month": sum(saved),
        }

    def _cost(self) -> dict[str, Any]:
        return {
            "usd": sum(line.usd for line in self.lines),
            "prices_since": prices().oldest,
            "by_slice": _by_slice(self.lines),
            "per_1000_inputs": self.per_1000_inputs,
        }

    def _page(self) -> bytes:
        told = self.summary()
        places = [(place, held["bytes"] / GIB) for place, held in told["storage"]["places"].items()]
        each = [(name, one["usd_per_1000_inputs"]) for name, one in told["cost"]["per_1000_inputs"].items()]
        facts = {
            "As of": told["as_of"],
            "Objects, all versions": f"{told['storage']['objects']:,}",
            "Stored": f"{told['storage']['bytes'] / GIB:,.3f} GiB",
            "Of it noncurrent": f"{told['storage']['noncurrent_bytes'] / GIB:,.3f} GiB",
            "Cost of a month": f"${told['cost']['usd']:,.2f}",
            "Prices looked at since": told["cost"]["prices_since"],
            "Models": told["models"]["versions"],
        }
        drawn = {
            "Stored, by place (GiB)": [(name, size, f"{size:,.3f}") for name, size in places],
            "Cost of a month, by slice (USD)": _dollars(told["cost"]["by_slice"].items()),
            "Cost of 1,000 inputs, by slice (USD)": _dollars((name, usd) for name, usd in each if usd is not None),
        }
        return charts.page("The project in figures", facts, drawn)


def figures(
    versions: Iterable[Seen],
    read: Read,
    packages: list[dict[str, Any]],
    machines: Machines,
    *,
    now: datetime | None = None,
) -> Figures:
    """Look at every version once, and read what tells of runs and models."""
    as_of = now or datetime.now(UTC)
    since = as_of - timedelta(days=WINDOW_DAYS)
    storage, traces, models, writes = Storage(tree()), Traces(since=since), Models(), Counter[str]()
    for version in versions:
        writes[storage.add(version)] += version.written >= since
        traces.add(version)
        models.add(version)
    uses = _uses(traces.uses(read, writes), storage, writes)
    found = models.all(read)
    return Figures(
        as_of=as_of,
        storage=storage,
        lines=[*costs.kept(storage, prices()), *costs.worked(uses, machines, prices()), *costs.fixed(prices())],
        per_1000_inputs=costs.per_1000_inputs(uses, machines, prices()),
        models=found,
        packages=packages,
        unread=[*traces.unread, *models.unread],
    )


def _uses(uses: Mapping[str, Use], storage: Storage, writes: Mapping[str, int]) -> dict[str, Use]:
    """The archive's inputs are the objects that it keeps."""
    objects = storage.total(bucket=PROJECT, current=True).objects
    return {**uses, "archive": Use(inputs=objects, writes=writes.get("archive", 0))}


def _by_place(storage: Storage) -> dict[str, dict[str, int]]:
    names = dict.fromkeys(f"{shelf.bucket}/{shelf.place}" for shelf, _ in storage.shelves())
    held = {name: storage.total(**dict(zip(("bucket", "place"), name.split("/", 1), strict=True))) for name in names}
    return {name: vars(one) for name, one in held.items()}


def _by_slice(lines: Iterable[Line]) -> dict[str, float]:
    summed = dict[str, float]()
    for line in lines:
        summed[line.slice] = summed.get(line.slice, 0.0) + line.usd
    return summed


def _dollars(amounts: Iterable[tuple[str, float]]) -> list[charts.Bar]:
    return [(name, usd, f"${usd:,.4f}") for name, usd in amounts]


def _json(message: Any) -> bytes:
    return json.dumps(message, indent=1, ensure_ascii=False).encode() + b"\n"
