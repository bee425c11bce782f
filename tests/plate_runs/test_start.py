"""An execution begins: one id for it, however often Step Functions asks; and no run where there are no plates."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.plate_runs import start
from lambdas.plate_runs.beginning import Refused
from lambdas.plate_runs.settings import StartSettings
from loupe import claims, clients
from loupe.artifacts import open_artifacts
from loupe.contracts import ContractError
from tests.functions import Context
from tests.plate_runs.archives import ALL

PROJECT = "loupe-project"
BIRDS = f"s3://{PROJECT}/plates/birds"
MONDAY = "arn:aws:states:us-east-1:123456789012:execution:PlateRuns:monday"
STARTED = "2026-01-04T04:32:58.123Z"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with mock_aws():
        for cached in (clients.s3, start._runs):
            cached.cache_clear()
        client = boto3.client("s3")
        client.create_bucket(Bucket=PROJECT)
        for number in range(1, 8):
            client.put_object(Bucket=PROJECT, Key=f"plates/birds/plates_structured/plate-{number:03}/manifest.json")
        told = StartSettings(project_bucket=PROJECT, models=",".join(ALL), shards=4, most_shards=32)
        for name, value in told.to_environ().items():
            monkeypatch.setenv(name, value)
        yield client
        for cached in (clients.s3, start._runs):
            cached.cache_clear()


def begin(execution: str = MONDAY, *, started: str = STARTED, **given: Any) -> dict[str, Any]:
    event = {"execution": execution, "started": started, "input": {"dataset": "birds", **given}}
    return dict(start.handle(event, Context()))  # type: ignore[arg-type]  # a stand-in context


def claimed(s3: Any) -> list[str]:
    return [
        item["Key"] for item in s3.list_objects_v2(Bucket=PROJECT, Prefix="plates/birds/reports/").get("Contents", [])
    ]


def test_a_run_bears_the_time_of_its_execution_and_the_models_and_shards_of_the_configuration(s3: Any) -> None:
    begun = begin()
    assert begun["run_id"].startswith("run-20260104-043258-")
    assert begun["dataset"] == BIRDS
    assert begun["models"] == "cpu-baseline-v1,segmentation-otsu-v1"
    assert begun["shards"] == ["0/4", "1/4", "2/4", "3/4"]
    claim = claims.find(open_artifacts(BIRDS, s3), begun["run_id"])
    assert (claim.models, claim.shards, claim.claimed_by) == (ALL, 4, f"{MONDAY} {STARTED}")


def test_a_step_that_is_repeated_is_given_the_same_run(s3: Any) -> None:
    with ThreadPoolExecutor(8) as threads:
        begun = list(threads.map(lambda _: begin(), range(24)))
    assert [run for run in begun if run != begun[0]] == []
    assert len(claimed(s3)) == 1


def test_executions_of_one_second_and_one_input_are_runs_of_their_own(s3: Any) -> None:
    begun = [begin(f"{MONDAY}-{number}") for number in range(50)]
    assert len({run["run_id"] for run in begun}) == len({run["jobs"] for run in begun}) == 50
    assert len(claimed(s3)) == 50


def test_an_execution_that_is_called_like_an_earlier_one_is_a_run_of_its_own(s3: Any) -> None:
    later = begin(started="2026-04-05T04:32:58.123Z")
    assert later["run_id"].startswith("run-20260405-043258-")
    assert later["jobs"].removeprefix(later["run_id"]) != begin()["jobs"].removeprefix(begin()["run_id"])


def test_an_id_that_another_has_claimed_is_left_to_it(s3: Any) -> None:
    wanted = begin()["run_id"]
    key = f"plates/birds/reports/{wanted}/claim.json"
    others = {"run_id": wanted, "models": ["cpu-baseline-v1"], "shards": 1}
    s3.put_object(Bucket=PROJECT, Key=key, Body=json.dumps(others))
    assert begin()["run_id"] == begin()["run_id"] != wanted
    assert json.loads(s3.get_object(Bucket=PROJECT, Key=key)["Body"].read()) == others


def test_a_run_goes_on_under_its_id_with_its_models_and_jobs_of_other_names(s3: Any) -> None:
    first = begin(models=["cpu-baseline-v1"], shards=3)
    again = begin(f"{MONDAY}-again", started="2026-02-01T00:00:00Z", run_id=first["run_id"])
    assert {name: again[name] for name in ("run_id", "models", "shards")} == {
        name: first[name] for name in ("run_id", "models", "shards")
    }
    assert again["jobs"] != first["jobs"]
    assert len(claimed(s3)) == 1


def test_no_shard_is_without_plates(s3: Any) -> None:
    assert len(begin(shards=32)["shards"]) == 7


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"dataset": "brids"}, rf"s3://{PROJECT}/plates/brids has no plates"),
        ({"shards": 33}, "shards is at most 32, not 33"),
        ({"run_id": "run-20260104-043258-877a06a6"}, "has no run run-20260104-043258-877a06a6"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_claimed(s3: Any, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        begin(**given)
    assert claimed(s3) == []


def test_a_run_of_other_models_cannot_go_on(s3: Any) -> None:
    run_id = begin(models=["cpu-baseline-v1"])["run_id"]
    with pytest.raises(Refused, match=f"{run_id} is a run of cpu-baseline-v1"):
        begin(run_id=run_id, models=["segmentation-otsu-v1"])


@pytest.mark.parametrize("given", [{"models": ["gpu"]}, {"models": []}, {"dataset": "../data"}, {"plates": "birds"}])
def test_an_input_that_breaks_its_contract_is_refused_with_the_field(s3: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match=r"data\.input"):
        begin(**given)
    assert claimed(s3) == []


def test_the_time_of_an_execution_in_another_zone_is_told_in_utc(s3: Any) -> None:
    begun = begin(started="2026-01-04T06:32:58+02:00")
    assert claims.timestamp(begun["run_id"]) == "2026-01-04T04:32:58Z"
    assert datetime.fromisoformat(claims.timestamp(begun["run_id"])) == datetime.fromisoformat(
        "2026-01-04T06:32:58+02:00"
    )
