"""How a shard ended, in `reports/<run id>/`: each attempt adds its report beside those of earlier ones."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from containers.plate_runs.dataset import Shard
from containers.plate_runs.plate import Ending, Outcome
from loupe import contracts
from loupe.artifacts import Artifacts
from loupe.claims import Claim

MOST_ERRORS = 10
_COUNTS = {
    "plates_processed": Ending.PROCESSED,
    "plates_skipped": Ending.SKIPPED,
    "plates_refused": Ending.REFUSED,
    "schema_failures": Ending.BROKE_SCHEMA,
    "errors": Ending.ERROR,
}
_FAILURES = (Ending.REFUSED, Ending.BROKE_SCHEMA, Ending.ERROR)


def begin(reports: Artifacts, shard: Shard) -> bool:
    """Leave a mark that the shard was begun; False if an earlier attempt has."""
    return reports.create(f"{shard}.begun", b"")


def report(
    claim: Claim, shard: Shard, *, plates_total: int, plates_selected: int, outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """Counters, every refused source with both checksums, and the first reasons of the rest."""
    endings = [outcome.ending for outcome in outcomes]
    failed = any(ending in _FAILURES for ending in endings)
    errors = [f"{outcome.plate_id}: {outcome.reason}" for outcome in outcomes if outcome.reason]
    return {
        "run_id": claim.run_id,
        "shard_index": shard.index,
        "shard_count": shard.count,
        "models": claim.models,
        "outcome": "failed" if failed else "complete",
        "plates_total": plates_total,
        "plates_selected": plates_selected,
        **{name: endings.count(ending) for name, ending in _COUNTS.items()},
        "decode_failures": sum(outcome.undecodable for outcome in outcomes),
        "refused": [_refusal(outcome) for outcome in outcomes if outcome.ending is Ending.REFUSED],
        "errors_sample": errors[:MOST_ERRORS],
    }


def add_report(reports: Artifacts, shard: Shard, told: dict[str, Any]) -> None:
    """Write it as `shard-<i>-of-<n>.json`, or where an earlier attempt told otherwise as `….2.json` and so on."""
    body = json.dumps(contracts.check("plate_runs/shard_report", told), ensure_ascii=False, indent=1).encode() + b"\n"
    names = itertools.chain([f"{shard}.json"], (f"{shard}.{attempt}.json" for attempt in itertools.count(2)))
    next(name for name in names if reports.create(name, body) or reports.read(name) == body)


def _refusal(outcome: Outcome) -> dict[str, Any]:
    told = {"plate_id": outcome.plate_id, "reason": outcome.reason}
    return {**told, "sha256_expected": outcome.expected, "sha256_found": outcome.found}
