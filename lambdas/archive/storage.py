"""Listed versions of objects → what each place holds in which storage class, current and noncurrent, and its price."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from lambdas.archive.prices import GIB, Prices
from lambdas.archive.tree import Tree

PROJECT = "project"
NOWHERE = "(no place)"
STANDARD = "STANDARD"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One version of an object, as its bucket lists it."""

    bucket: str
    key: str
    size: int
    written: datetime
    current: bool
    storage_class: str = STANDARD


def seen(bucket: str, listed: Any) -> Seen:
    """A version from the list of a bucket that this platform calls so."""
    return Seen(
        bucket=bucket,
        key=listed["Key"],
        size=listed["Size"],
        written=listed["LastModified"],
        current=listed["IsLatest"],
        storage_class=listed.get("StorageClass", STANDARD),
    )


class Shelf(NamedTuple):
    """What is counted together."""

    bucket: str
    place: str
    slice: str
    storage_class: str
    current: bool


@dataclass
class Held:
    """How much."""

    objects: int = 0
    bytes: int = 0


class Storage:
    """Every version counted once, on one shelf."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._shelves: dict[Shelf, Held] = {}

    def add(self, version: Seen) -> str:
        """Count it; the slice that it belongs to."""
        place, slice_name = self._place(version.bucket, version.key)
        shelf = Shelf(version.bucket, place, slice_name, version.storage_class, version.current)
        held = self._shelves.setdefault(shelf, Held())
        held.objects += 1
        held.bytes += version.size
        return slice_name

    def shelves(self) -> Iterator[tuple[Shelf, Held]]:
        """By bucket and place."""
        yield from sorted(self._shelves.items())

    def total(self, **wanted: object) -> Held:
        """All that is held on shelves of a bucket, place, slice, storage class or currency."""
        found = [held for shelf, held in self._shelves.items() if wanted.items() <= shelf._asdict().items()]
        return Held(sum(one.objects for one in found), sum(one.bytes for one in found))

    def rows(self, prices: Prices, as_of: str) -> list[dict[str, Any]]:
        """As storage_metrics.csv has them."""
        return [
            {
                "as_of": as_of,
                "bucket": shelf.bucket,
                "place": shelf.place,
                "slice": shelf.slice,
                "storage_class": shelf.storage_class,
                "versions": "current" if shelf.current else "noncurrent",
                "objects": held.objects,
                "bytes": held.bytes,
                "usd_per_month": monthly(prices, shelf.storage_class, held.bytes),
            }
            for shelf, held in self.shelves()
        ]

    def _place(self, bucket: str, key: str) -> tuple[str, str]:
        """The place of the tree and its slice; in other buckets whatever stands before the first slash."""
        if bucket == PROJECT:
            place = self._tree.place_of(key)
            return (place.name, place.slice) if place else (NOWHERE, "")
        folder = key.partition("/")[0] if "/" in key else NOWHERE
        return folder, "room_detection" if folder == "blueprints" else folder


def monthly(prices: Prices, storage_class: str, count: int) -> float:
    """What bytes cost in a month."""
    return count / GIB * prices.of_storage(storage_class).usd
