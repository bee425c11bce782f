"""Run ids: sortable, and each the property of whoever created its claim first."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from containers.plate_runs.dataset import RUN_ID, Dataset
from loupe import contracts

CLAIM = "claim.json"


class BadRunId(ValueError):
    """A run id of another form, or of a time that never was."""


class OtherRun(ValueError):
    """A run id that was claimed for other models."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What an id stands for."""

    run_id: str
    models: list[str]
    shards: int


def claim(dataset: Dataset, models: list[str], shards: int, *, now: datetime | None = None) -> Claim:
    """A new id that no one else has or will have."""
    while True:
        claimed = Claim(run_id=_new_id(now or datetime.now(UTC)), models=models, shards=shards)
        if _created(dataset, claimed):
            return claimed


def claimed(dataset: Dataset, run_id: str, models: list[str], shards: int) -> Claim:
    """The claim of an id that was given, made now if no one has; OtherRun if it was made for other models."""
    timestamp(run_id)
    asked = Claim(run_id=run_id, models=models, shards=shards)
    if _created(dataset, asked):
        return asked
    made: dict[str, Any] = contracts.check("plate_runs/claim", json.loads(dataset.reports(run_id).read(CLAIM)))
    if made["models"] != models:
        raise OtherRun(f"{run_id} is a run of {', '.join(made['models'])}, not of {', '.join(models)}: claim another.")
    return Claim(**made)


def timestamp(run_id: str) -> str:
    """When the id was made: everything that a run writes bears this time, so that a re-run writes the same."""
    match = RUN_ID.fullmatch(run_id)
    try:
        made = datetime.strptime(match[1] if match else "", "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise BadRunId(f"{run_id!r} is no run id: it must be run-YYYYMMDD-HHMMSS-<8 hex digits>.") from None
    return made.strftime("%Y-%m-%dT%H:%M:%SZ")


def _new_id(now: datetime) -> str:
    return f"run-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def _created(dataset: Dataset, claim: Claim) -> bool:
    message = contracts.check("plate_runs/claim", asdict(claim))
    return dataset.reports(claim.run_id).create(CLAIM, json.dumps(message).encode() + b"\n")
