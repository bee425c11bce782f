"""From what is asked of a run to its claim and shards; refused where the machine would work in vain."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict

from lambdas.plate_runs.settings import PLATES, StartSettings
from loupe import claims, clients
from loupe.artifacts import Artifacts, open_artifacts


class Refused(ValueError):
    """A run that cannot be, in one sentence."""


class Begun(TypedDict):
    """What a run is, as `schemas/plate_runs/start_answer.json` says."""

    run_id: str
    dataset: str
    models: str
    jobs: str
    shards: list[str]


class Runs:
    """Where runs are begun, and earlier ones again."""

    def __init__(self, settings: StartSettings) -> None:
        self._settings = settings

    def begin(self, asked: Mapping[str, Any]) -> Begun:
        """The run of an execution; asking again for the same execution changes nothing."""
        execution, request = f"{asked['execution']} {asked['started']}", asked["input"]
        url = f"s3://{self._settings.project_bucket}/{PLATES}{request['dataset']}"
        dataset = open_artifacts(url, clients.s3())
        plates = _plates(url)
        claim = self._claim(
            dataset, request, plates, execution, datetime.fromisoformat(asked["started"]).astimezone(UTC)
        )
        shards = min(request.get("shards", claim.shards), plates)
        return {
            "run_id": claim.run_id,
            "dataset": url,
            "models": ",".join(claim.models),
            "jobs": f"{claim.run_id}-{hashlib.sha256(execution.encode()).hexdigest()[:8]}",
            "shards": [f"{index}/{shards}" for index in range(shards)],
        }

    def _claim(
        self, dataset: Artifacts, request: Mapping[str, Any], plates: int, execution: str, started: datetime
    ) -> claims.Claim:
        """A claim in the execution's name, or the one of the run that is to go on."""
        shards = request.get("shards", self._settings.shards)
        if shards > self._settings.most_shards:
            raise Refused(f"shards is at most {self._settings.most_shards}, not {shards}.")
        if run_id := request.get("run_id"):
            return _earlier(dataset, run_id, request.get("models"))
        models = request.get("models", self._settings.models.split(","))
        return claims.claim(dataset, models, min(shards, plates), now=started, claimed_by=execution)


def _plates(url: str) -> int:
    """How many plates a dataset has, at least one: a name that is mistyped must not become a dataset."""
    found = sum(1 for _ in open_artifacts(f"{url}/plates_structured", clients.s3()).folders())
    if not found:
        raise Refused(f"{url} has no plates: is this the dataset?")
    return found


def _earlier(dataset: Artifacts, run_id: str, models: list[str] | None) -> claims.Claim:
    try:
        claim = claims.find(dataset, run_id)
    except FileNotFoundError:
        raise Refused(f"{dataset.url} has no run {run_id}: leave run_id away, and there will be a new one.") from None
    if models and models != claim.models:
        raise Refused(f"{run_id} is a run of {', '.join(claim.models)}: leave models away, or run_id.")
    return claim
