"""Run ids: sortable, and each the property of whoever created its claim first, be it a program or a function."""

import hashlib
import itertools
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from loupe import contracts
from loupe.artifacts import Artifacts

RUN_ID = re.compile(r"run-([0-9]{8}-[0-9]{6})-[0-9a-f]{8}")


class BadRunId(ValueError):
    """A run id of another form, or of a time that never was."""


class OtherRun(ValueError):
    """A run id that was claimed for other models."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What an id stands for; `claimed_by` is whoever may claim the same again, if anybody may."""

    run_id: str
    models: list[str]
    shards: int
    claimed_by: str | None = None

    def message(self) -> dict[str, Any]:
        """The claim as `schemas/plate_runs/claim.json` says."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def claim(
    dataset: Artifacts, models: list[str], shards: int, *, now: datetime | None = None, claimed_by: str | None = None
) -> Claim:
    """A new id that no one else has or will have; asked again by the same, of the same time, the same one."""
    made = now or datetime.now(UTC)
    asked = (
        Claim(run_id=f"run-{made:%Y%m%d-%H%M%S}-{end}", models=models, shards=shards, claimed_by=claimed_by)
        for end in _ends(claimed_by)
    )
    return next(filter(None, (_own(dataset, one) for one in asked)))


def claimed(dataset: Artifacts, run_id: str, models: list[str], shards: int) -> Claim:
    """The claim of an id that was given, made now if no one has; OtherRun if it was made for other models."""
    timestamp(run_id)
    asked = Claim(run_id=run_id, models=models, shards=shards)
    if _created(dataset, asked):
        return asked
    made = find(dataset, run_id)
    if made.models != models:
        raise OtherRun(f"{run_id} is a run of {', '.join(made.models)}, not of {', '.join(models)}: claim another.")
    return made


def find(dataset: Artifacts, run_id: str) -> Claim:
    """The claim of an id; FileNotFoundError if no one has made it."""
    return Claim(**contracts.check("plate_runs/claim", json.loads(dataset.read(_name(run_id)))))


def timestamp(run_id: str) -> str:
    """When the id was made: everything that a run writes bears this time, so that a re-run writes the same."""
    match = RUN_ID.fullmatch(run_id)
    try:
        made = datetime.strptime(match[1] if match else "", "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise BadRunId(f"{run_id!r} is no run id: it must be run-YYYYMMDD-HHMMSS-<8 hex digits>.") from None
    return made.strftime("%Y-%m-%dT%H:%M:%SZ")


def _ends(claimed_by: str | None) -> Iterator[str]:
    """Eight digits each: of chance, or of a name, always in the same order."""
    for number in itertools.count():
        digest = hashlib.sha256(f"{claimed_by} {number}".encode()).hexdigest()
        yield digest[:8] if claimed_by else secrets.token_hex(4)


def _own(dataset: Artifacts, asked: Claim) -> Claim | None:
    """The claim, made now or earlier by the same; None where the id is another's."""
    if _created(dataset, asked):
        return asked
    made = find(dataset, asked.run_id) if asked.claimed_by else None
    return made if made and made.claimed_by == asked.claimed_by else None


def _created(dataset: Artifacts, claim: Claim) -> bool:
    message = contracts.check("plate_runs/claim", claim.message())
    return dataset.create(_name(claim.run_id), json.dumps(message).encode() + b"\n")


def _name(run_id: str) -> str:
    return f"reports/{run_id}/claim.json"
