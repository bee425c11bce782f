"""What AWS asks for things, read from prices.json: each price with its unit, region, date and source."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from loupe import contracts

FILE = Path(__file__).with_name("prices.json")
GIB = 1 << 30


class UnknownPrice(ValueError):
    """Something that prices.json has no price of."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one unit costs, and who says so."""

    name: str
    usd: float
    unit: str
    region: str
    date: str
    source: str


@dataclass(frozen=True)
class Prices:
    """All prices by name."""

    by_name: dict[str, Price]

    def of(self, name: str) -> Price:
        """The price of that name; UnknownPrice without it."""
        if name not in self.by_name:
            raise UnknownPrice(f"prices.json has no price of {name!r}: add it, with its date and source.")
        return self.by_name[name]

    def of_storage(self, storage_class: str) -> Price:
        """What a GiB costs for a month in a storage class as S3 names it."""
        return self.of(f"s3_{storage_class.lower()}")

    @property
    def oldest(self) -> str:
        """The date before which no price was looked at."""
        return min(price.date for price in self)

    def __iter__(self) -> Iterator[Price]:
        return iter(self.by_name.values())


@cache
def prices() -> Prices:
    """The prices that this code was shipped with."""
    told = contracts.check("archive/prices", json.loads(FILE.read_text()))["prices"]
    return Prices({name: Price(name=name, **one) for name, one in told.items()})
