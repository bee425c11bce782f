"""The synthesized stack on the laptop: an archive is measured, sealed, told and in the ledger, come what may."""

import json
from pathlib import Path
from typing import Any

import pytest

from containers.plate_runs.models import MODELS
from containers.plate_runs.schemas import FILES
from loupe import contracts
from tests.plate_runs.archives import archive, measure, plate, tree
from tests.plate_runs.platform import Plates
from tests.waiting import eventually

pytestmark = pytest.mark.laptop
COUNT = 7
ONE_MODEL = ["cpu-baseline-v1"]
NO_MACHINE = {"error": "ResourceLimitExceeded", "status": 400}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("drawn") / "plates", COUNT)


def sealed(plates: Plates, dataset: str, run_id: str) -> list[int]:
    """The numbers of the plates whose run is sealed."""
    seals = [name for name in plates.tree(dataset) if name.endswith(f"/{run_id}/metrics.json")]
    return sorted(int(name[6:9]) for name in seals)


def test_a_run_in_three_shards_is_the_run_of_one_process(plates: Plates, drawn: Path, tmp_path: Path) -> None:
    denials = plates.laptop.denials()
    dataset = plates.arrives(drawn)
    told = plates.run(dataset, shards=3)
    assert (told["state"], told["shards"], told["models"], told["reason"]) == ("SUCCEEDED", 3, list(MODELS), None)
    here = archive(tmp_path / "here", COUNT)
    measure(here, run_id=told["run_id"])
    assert plates.tree(dataset) == tree(here)
    assert {row["plate_id"]: row["run_id"] for row in plates.ledger(dataset, "runs")} == {
        f"plate-{number:03}": told["run_id"] for number in range(1, COUNT + 1)
    }
    assert [row["last_run_id"] for row in plates.ledger(dataset, "plates")] == [told["run_id"]] * COUNT
    assert plates.laptop.denials() == denials


def test_the_same_input_again_is_another_run_beside_the_first(plates: Plates, drawn: Path) -> None:
    dataset = plates.arrives(drawn)
    first = plates.run(dataset, models=ONE_MODEL, shards=1)
    before = plates.tree(dataset)
    second = plates.run(dataset, models=ONE_MODEL, shards=1)
    assert second["run_id"] != first["run_id"]
    after = plates.tree(dataset)
    assert {name: body for name, body in after.items() if second["run_id"] not in name} == before
    assert len(plates.ledger(dataset, "runs")) == 2 * COUNT


def test_a_source_with_a_flipped_byte_fails_the_run_with_both_checksums_and_spares_all_others(
    plates: Plates, tmp_path: Path
) -> None:
    folder = archive(tmp_path / "plates", COUNT)
    picture = plate(folder, 2) / "source" / "plate-002.jpg"
    body = bytearray(picture.read_bytes())
    body[len(body) // 2] ^= 1
    picture.write_bytes(body)
    dataset = plates.arrives(folder)
    told = plates.run(dataset, models=ONE_MODEL, shards=3)
    assert told["state"] == "FAILED"
    assert told["reason"].startswith("Shard 1/3: ")
    [report] = [key for key in plates.keys(dataset, "reports/") if key.endswith("shard-1-of-3.json")]
    [refusal] = json.loads(plates.read(report))["refused"]
    assert refusal["sha256_expected"] in told["reason"]
    assert refusal["sha256_found"] in told["reason"]
    assert refusal["sha256_expected"] == (plate(folder, 2) / "source.sha256").read_text().split()[0]
    others = [1, 3, 4, 5, 6, 7]
    assert sealed(plates, dataset, told["run_id"]) == others
    assert [row["plate_id"] for row in plates.ledger(dataset, "runs")] == [f"plate-{number:03}" for number in others]


def test_a_run_whose_source_was_put_right_goes_on_under_its_id(plates: Plates, tmp_path: Path) -> None:
    folder = archive(tmp_path / "plates", 3)
    checksum = plate(folder, 2) / "source.sha256"
    right = checksum.read_bytes()
    checksum.write_text("0" * 64)
    dataset = plates.arrives(folder)
    failed = plates.run(dataset, models=ONE_MODEL, shards=3)
    assert (failed["state"], sealed(plates, dataset, failed["run_id"])) == ("FAILED", [1, 3])
    before = plates.tree(dataset)
    plates.put(f"plates/{dataset}/plates_structured/plate-002/source.sha256", right)
    told = plates.run(dataset, run_id=failed["run_id"])
    assert (told["state"], told["run_id"]) == ("SUCCEEDED", failed["run_id"])
    assert sealed(plates, dataset, told["run_id"]) == [1, 2, 3]
    after = plates.tree(dataset)
    assert {name: after[name] for name in before if "plate-002" not in name} == {
        name: body for name, body in before.items() if "plate-002" not in name
    }


def test_a_shard_whose_host_is_lost_is_measured_by_another_job(plates: Plates, drawn: Path) -> None:
    dataset = plates.arrives(drawn)
    plates.laptop.inject({"action": "sagemaker:CreateProcessingJob", "times": 1, **NO_MACHINE})
    execution = plates.start(dataset, models=ONE_MODEL, shards=1)
    eventually(lambda: plates.running(dataset))
    [name] = plates.running(dataset)
    plates.laptop.inject({"action": "sagemaker:StopProcessingJob", "effect": "kill", "times": 1, "job": name})
    told = plates.ended(execution)
    assert told["state"] == "SUCCEEDED"
    assert {name: job["ProcessingJobStatus"] for name, job in plates.jobs(told["run_id"]).items()} == {
        "0-0-1": "Failed", "0-1-0": "Completed", "ledger-0": "Completed",
    }  # fmt: skip
    assert sealed(plates, dataset, told["run_id"]) == list(range(1, COUNT + 1))


def test_a_schema_that_is_broken_fails_the_run_once_and_is_reported(plates: Plates, tmp_path: Path) -> None:
    folder = archive(tmp_path / "plates", 2)
    (folder / "schemas").mkdir()
    strict = contracts.schema("plate_runs/cpu_baseline")
    strict["properties"]["plate_id"] = {"const": "never"}
    (folder / "schemas" / FILES["cpu_baseline"]).write_text(json.dumps(strict))
    dataset = plates.arrives(folder)
    told = plates.run(dataset, models=ONE_MODEL, shards=1)
    assert told["state"] == "FAILED"
    assert "never" in told["reason"]
    assert set(plates.jobs(told["run_id"])) == {"0-0-0", "ledger-0"}
    assert any(key.endswith("shard-0-of-1.json") for key in plates.keys(dataset, "reports/"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"dataset": "nowhere"}, "has no plates: is this the dataset?"),
        ({"models": ["gpu-embedding-v1"]}, "data.input.models"),
        ({"run": "again"}, "data.input"),
    ],
)
def test_what_cannot_be_begun_is_told_and_claims_nothing(
    plates: Plates, drawn: Path, given: dict[str, Any], sentence: str
) -> None:
    dataset = plates.arrives(drawn)
    told = plates.run(**{"dataset": dataset, **given})
    assert (told["state"], told["run_id"]) == ("FAILED", None)
    assert sentence in told["reason"]
    assert plates.keys(dataset, "reports/") == plates.keys("nowhere") == []
