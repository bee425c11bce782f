"""What lies under models/ and what the registry says → each model's performance, size and lineage."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from lambdas.archive.storage import PROJECT, Seen
from lambdas.archive.traces import Read
from loupe import contracts

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.client import SageMakerClient

CARD = "model.json"  # what a model says of itself, beside it
ROOT = "models/"


@dataclass
class Format:
    """A model version's files of one kind."""

    files: int = 0
    bytes: int = 0


@dataclass
class Model:
    """One version of a model, as its files tell."""

    name: str
    version: str
    written: datetime
    formats: dict[str, Format] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.formats.values())


class Models:
    """The models that the project holds now."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Model] = {}
        self._cards: list[str] = []
        self.unread: list[str] = []

    def add(self, version: Seen) -> None:
        """Current versions below models/<name>/<version>/ are of a model."""
        parts = version.key.removeprefix(ROOT).split("/", 2)
        if version.bucket != PROJECT or not version.current or not version.key.startswith(ROOT) or len(parts) < 3:
            return
        name, number, file = parts
        model = self._found.setdefault((name, number), Model(name, number, version.written))
        model.written = max(model.written, version.written)
        kind = model.formats.setdefault(_kind(file), Format())
        kind.files += 1
        kind.bytes += version.size
        if file == CARD:
            self._cards.append(version.key)

    def all(self, read: Read) -> list[Model]:
        """By name and version, with their cards; those that break their contract are named in `unread`."""
        for key in self._cards:
            _, name, number, _ = key.split("/", 3)
            try:
                self._found[name, number].card = contracts.check("archive/model", json.loads(read(PROJECT, key)))
            except (FileNotFoundError, ValueError):
                self.unread.append(key)
        return [self._found[which] for which in sorted(self._found)]


def registered(sagemaker: "SageMakerClient", groups: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The versions in these groups of the registry, the newest first."""
    pages = sagemaker.get_paginator("list_model_packages")
    for group in groups:
        for page in pages.paginate(ModelPackageGroupName=group):
            for one in page["ModelPackageSummaryList"]:
                yield _package(group, sagemaker.describe_model_package(ModelPackageName=one["ModelPackageArn"]))


def performance(models: Iterable[Model], packages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As model_performance.csv has it: one row for each figure of a card, and each number that a package carries."""
    cards = [
        {"model": model.name, "version": model.version, "metric": metric, "value": value, "source": CARD}
        for model in models
        for metric, value in sorted(model.card.get("metrics", {}).items())
    ]
    return cards + [
        {"model": one["group"], "version": one["version"], "metric": name, "value": value, "source": "registry"}
        for one in packages
        for name, value in sorted(one["metrics"].items())
    ]


def compression(models: Iterable[Model]) -> list[dict[str, Any]]:
    """As compression_metrics.csv has it: how much smaller than the largest model each format of a model is."""
    found = list(models)
    largest = max((model.bytes for model in found), default=0)
    return [
        {
            "model": model.name,
            "version": model.version,
            "format": name,
            "files": one.files,
            "bytes": one.bytes,
            "largest_bytes": largest,
            "times_smaller": largest / one.bytes if one.bytes else None,
        }
        for model in found
        for name, one in sorted(model.formats.items())
        if name != ".json"
    ]


def lineage(models: Iterable[Model], packages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """As model_lineage.json has it."""
    return {
        "models": [
            {
                "model": model.name,
                "version": model.version,
                "bytes": model.bytes,
                "written_at": _utc(model.written),
                "card": model.card or None,
            }
            for model in models
        ],
        "packages": [dict(one) for one in packages],
    }


def _package(group: str, told: Mapping[str, Any]) -> dict[str, Any]:
    said = dict(told.get("CustomerMetadataProperties", {}))
    containers = told.get("InferenceSpecification", {}).get("Containers", [])
    return {
        "group": group,
        "version": str(told["ModelPackageVersion"]),
        "arn": told["ModelPackageArn"],
        "approval": told["ModelApprovalStatus"],
        "created_at": _utc(told["CreationTime"]),
        "model_data": [one["ModelDataUrl"] for one in containers if "ModelDataUrl" in one],
        "metrics": {name: float(value) for name, value in said.items() if _is_number(value)},
        "properties": said,
    }


def _kind(file: str) -> str:
    path = PurePosixPath(file)
    return "".join(path.suffixes[-2:] if path.name.endswith(".tar.gz") else path.suffixes[-1:]) or "(none)"


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False


def _utc(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
