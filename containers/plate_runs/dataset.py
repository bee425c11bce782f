"""Where everything lies in a dataset of plates, and which of its plates are a shard's."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from loupe.artifacts import Artifacts, open_artifacts
from loupe.claims import RUN_ID

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PLATES = "plates_structured"
REPORTS = "reports"
SEAL = "metrics.json"
PLATE_ID = re.compile(r"plate-[0-9]{3}")


class BadShard(ValueError):
    """A shard that is not `i/n` with 0 <= i < n."""


class NoPlates(ValueError):
    """A dataset without a single plate: most likely not the one that was meant."""


@dataclass(frozen=True)
class Shard:
    """One of so many equal shares of the plates, counted from 0."""

    index: int
    count: int

    @classmethod
    def of(cls, text: str) -> Self:
        """From `i/n`."""
        if not (match := re.fullmatch(r"([0-9]+)/([0-9]+)", text)) or not int(match[1]) < int(match[2]):
            raise BadShard(f"{text!r} is no shard: write i/n, from 0/n to (n-1)/n.")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"shard-{self.index}-of-{self.count}"

    def share(self, plates: Sequence[str]) -> Sequence[str]:
        """Every count-th plate, so that all shards have as many, or one more."""
        return plates[self.index :: self.count]


class Dataset:
    """The tree under one address, `s3://bucket/prefix` or a folder."""

    def __init__(self, url: str, client: "S3Client | None" = None) -> None:
        self.root = open_artifacts(url, client)
        self._client = client

    def plates(self) -> list[str]:
        """All plates in order, in one list; folders with other names are none."""
        found = [name for name in self.part(PLATES).folders() if PLATE_ID.fullmatch(name)]
        if not found:
            raise NoPlates(f"{self.root.url}/{PLATES} has no plates: is this the dataset?")
        return found

    def plate(self, plate_id: str) -> Artifacts:
        """A plate's folder."""
        return self.part(f"{PLATES}/{plate_id}")

    def runs(self, plate_id: str) -> Iterator[str]:
        """The ids of a plate's runs in order, sealed or not."""
        runs = self.part(f"{PLATES}/{plate_id}/runs")
        yield from (name for name in runs.folders() if RUN_ID.fullmatch(name))

    def reports(self, run_id: str) -> Artifacts:
        """What a run's shards report."""
        return self.part(f"{REPORTS}/{run_id}")

    def part(self, name: str) -> Artifacts:
        return open_artifacts(f"{self.root.url}/{name}", self._client)
