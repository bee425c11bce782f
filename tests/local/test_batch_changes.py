"""What becomes of Batch jobs when the engine ends or their stack changes."""

from pathlib import Path
from typing import Any

import pytest

from local.laptop import Laptop
from local.stacks import DeploymentFailed
from tests.local.assemblies import write_assembly
from tests.local.batch_assemblies import PROGRAM, definition, jobs
from tests.local.batch_house import EXITED, SPOT, exits, house_of
from tests.local.house import kill

pytestmark = pytest.mark.laptop


def test_a_job_that_the_engine_stopped_goes_on_with_its_next_attempt(laptop: Laptop, tmp_path: Path) -> None:
    house = house_of(laptop, tmp_path / "out", jobs())
    job_id, ended = house.submit("once"), house.submit("exit", "1")
    house.ready(job_id)
    house.ended(ended)
    laptop.down()
    laptop.start()
    assert exits(house.ended(job_id)) == [(75, SPOT), (0, EXITED)]
    assert house.job(ended)["status"] == "FAILED"


def test_a_job_whose_engine_was_killed_goes_on_with_its_next_attempt(laptop: Laptop, tmp_path: Path) -> None:
    house = house_of(laptop, tmp_path / "out", jobs())
    job_id = house.submit("once")
    house.ready(job_id)
    kill(laptop)
    laptop.start()
    assert exits(house.ended(job_id)) == [(None, SPOT), (0, EXITED)]


def test_a_change_keeps_the_queue_and_makes_the_next_revision(laptop: Laptop, tmp_path: Path) -> None:
    house = house_of(laptop, tmp_path / "1", jobs())
    before = dict(house.ids)
    told: list[tuple[str, str]] = []
    same = write_assembly(tmp_path / "2", {"Jobs": jobs()}, program=PROGRAM)
    laptop.up(same, lambda name, state: told.append((name, state)))
    assert told[-1] == ("Jobs", "unchanged")
    changed = {**jobs(vcpus=1), "Definition": definition(RetryStrategy={"Attempts": 1})}
    changed["JobQueue"]["Properties"]["Priority"] = 7
    laptop.up(write_assembly(tmp_path / "3", {"Jobs": changed}, program=PROGRAM))
    house.look()
    assert house.ids.pop("Definition") == before.pop("Definition").removesuffix(":1") + ":2"
    assert house.ids == before
    [queue] = house.batch.describe_job_queues(jobQueues=[house.ids["JobQueue"]])["jobQueues"]
    assert (queue["priority"], queue["state"], queue["status"]) == (7, "ENABLED", "VALID")
    [environment] = house.batch.describe_compute_environments()["computeEnvironments"]
    assert environment["computeResources"]["maxvCpus"] == 1
    active = house.batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
    assert sorted(one["revision"] for one in active) == [1, 2]


def test_a_removed_stack_stops_its_jobs_and_leaves_nothing(laptop: Laptop, tmp_path: Path) -> None:
    house = house_of(laptop, tmp_path / "1", jobs())
    job_id = house.submit("wait", "0")
    house.ready(job_id)
    queue: dict[str, Any] = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}}
    laptop.up(write_assembly(tmp_path / "2", {"Other": queue}))
    assert house.ended(job_id)["status"] == "FAILED"
    assert house.batch.describe_job_queues()["jobQueues"] == []
    assert house.batch.describe_compute_environments()["computeEnvironments"] == []
    assert house.batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"] == []
    assert laptop.client("secretsmanager").list_secrets()["SecretList"] == []


def test_a_definition_that_fargate_would_not_run_does_not_deploy(laptop: Laptop, tmp_path: Path) -> None:
    wrong = jobs()
    [task] = wrong["Definition"]["Properties"]["EcsProperties"]["TaskProperties"]
    task["Containers"][0]["ResourceRequirements"][1]["Value"] = "512"
    with pytest.raises(DeploymentFailed, match=r"Definition .*does not combine 1 vCPU with 512 MiB"):
        laptop.up(write_assembly(tmp_path / "out", {"Jobs": wrong}, program=PROGRAM))
