"""What a tree holds → what its contract's lifecycle saves, place by place, at the prices of prices.json."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cli.trouble import Trouble
from lambdas.archive.prices import Prices
from lambdas.archive.storage import STANDARD, monthly
from lambdas.archive.tree import Place, Tree

SMALLEST = 128 << 10  # S3 leaves smaller objects in their class
COLD_OVERHEAD, STANDARD_OVERHEAD = 32 << 10, 8 << 10  # what S3 keeps beside each object in Glacier
_COLD = frozenset({"GLACIER", "DEEP_ARCHIVE"})


@dataclass(frozen=True, kw_only=True)
class Saving:
    """What objects of one place cost in a month, now and once all its rules have worked; and the way there, once."""

    place: str
    then: str
    objects: int
    bytes: int
    usd_per_month: float
    usd_per_month_then: float
    usd_once: float

    @property
    def saved_per_year(self) -> float:
        return 12 * (self.usd_per_month - self.usd_per_month_then)

    def row(self) -> dict[str, Any]:
        """For people and machines."""
        return {**asdict(self), "saved_usd_per_year": self.saved_per_year}


def read(file: Path) -> list[dict[str, Any]]:
    """Objects alike, counted: `[{"key": …, "objects": …, "bytes": …}]`."""
    try:
        return [{name: item[name] for name in ("key", "objects", "bytes")} for item in json.loads(file.read_text())]
    except OSError as error:
        raise Trouble(f"{file} cannot be read: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise Trouble(f'{file} is no list of {{"key": …, "objects": …, "bytes": …}}: {error}.') from error


def savings(items: Iterable[dict[str, Any]], tree: Tree, prices: Prices) -> list[Saving]:
    """By place, in the order of the tree; what belongs nowhere is left as it is, at the end."""
    held = dict[str, list[dict[str, Any]]]()
    for item in items:
        place = tree.place_of(item["key"])
        held.setdefault(place.name if place else "", []).append(item)
    known = [_saving(place, held[place.name], prices) for place in tree.places if place.name in held]
    return known + ([_kept("(no place)", held[""], prices)] if "" in held else [])


def together(found: Iterable[Saving]) -> Saving:
    """All of them as one."""
    rows = list(found)
    names = ("objects", "bytes", "usd_per_month", "usd_per_month_then", "usd_once")
    summed: dict[str, Any] = {name: sum(getattr(row, name) for row in rows) for name in names}
    return Saving(place="all", then="", **summed)


def _saving(place: Place, items: list[dict[str, Any]], prices: Prices) -> Saving:
    now = _kept(place.name, items, prices)
    if place.expire_days:
        return Saving(**{**asdict(now), "then": f"gone after {place.expire_days} days", "usd_per_month_then": 0.0})
    if not place.transitions:
        return now
    last = place.transitions[-1]
    moved = [item for item in items if item["bytes"] >= SMALLEST * item["objects"]]
    stays = now.usd_per_month - monthly(prices, STANDARD, sum(item["bytes"] for item in moved))
    objects = sum(item["objects"] for item in moved)
    cold = _cold(last.storage_class, objects, sum(item["bytes"] for item in moved), prices)
    once = objects * prices.of(f"s3_{last.storage_class.lower()}_transition").usd
    then = f"{last.storage_class} after {last.days} days"
    return Saving(**{**asdict(now), "then": then, "usd_per_month_then": stays + cold, "usd_once": once})


def _cold(storage_class: str, objects: int, count: int, prices: Prices) -> float:
    """What objects cost in a month in a colder class, with what S3 keeps beside them there."""
    if storage_class not in _COLD:
        return monthly(prices, storage_class, count)
    beside = monthly(prices, STANDARD, objects * STANDARD_OVERHEAD)
    return monthly(prices, storage_class, count + objects * COLD_OVERHEAD) + beside


def _kept(name: str, items: list[dict[str, Any]], prices: Prices) -> Saving:
    objects, count = (sum(item[what] for item in items) for what in ("objects", "bytes"))
    usd = monthly(prices, STANDARD, count)
    return Saving(
        place=name, then="kept", objects=objects, bytes=count, usd_per_month=usd, usd_per_month_then=usd, usd_once=0.0
    )
