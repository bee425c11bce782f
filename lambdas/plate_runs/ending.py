"""What a run has come to, in words: from what Step Functions says of its shards and its ledger. Knows no AWS."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict

_LONGEST = 1000  # of the reason of one failure


class Ending(TypedDict):
    """The message, as `schemas/plate_runs/notification.json` says."""

    run_id: str | None
    state: str
    dataset: str | None
    models: list[str]
    shards: int
    execution: str
    reason: str | None


def ending(execution: str, ended: Mapping[str, Any]) -> Ending:
    """SUCCEEDED where every shard is complete and the ledger holds it."""
    run = ended.get("run", {"run_id": None, "dataset": None, "models": "", "shards": []})
    reasons = list(_reasons(ended))
    return {
        "run_id": run["run_id"],
        "state": "FAILED" if reasons else "SUCCEEDED",
        "dataset": run["dataset"],
        "models": run["models"].split(",") if run["models"] else [],
        "shards": len(run["shards"]),
        "execution": execution,
        "reason": "; ".join(reasons) or None,
    }


def _reasons(ended: Mapping[str, Any]) -> Iterator[str]:
    if "run" not in ended:
        yield f"The run was not begun: {_reason(ended['failure'])}"
        return
    for shard in ended.get("shards", []):
        if "failure" in shard:
            yield f"Shard {shard['shard']}: {_reason(shard['failure'])}"
    if "failure" in ended:
        yield f"{'Ledger' if 'shards' in ended else 'Shards'}: {_reason(ended['failure'])}"


def _reason(failure: Mapping[str, str]) -> str:
    """The program's own words if it has left any, else those of whoever stopped it."""
    cause = _object(failure["Cause"])
    said = cause.get("ExitMessage") or cause.get("FailureReason") or cause.get("errorMessage")
    if not said and "ProcessingJobStatus" in cause:
        said = f"the job {cause['ProcessingJobName']} is {cause['ProcessingJobStatus']}."
    return " ".join(str(said or f"{failure['Error']}: {failure['Cause']}").split())[:_LONGEST]


def _object(text: str) -> dict[str, Any]:
    """The JSON object that a cause may be."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
