"""Every plate measured once and sealed last; what breaks a contract or cannot be decoded is told, and how."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.plate_runs.dataset import BadShard, NoPlates, Shard
from containers.plate_runs.models import UnknownModel
from containers.plate_runs.source import read_source
from examples.plates import picture
from loupe.artifacts import Artifacts
from loupe.claims import BadRunId, OtherRun
from tests.plate_runs.archives import (
    ALL,
    OTHER_ID,
    RUN_ID,
    archive,
    counts,
    facts,
    measure,
    plate,
    program,
    reports,
    run_folder,
    tree,
    written,
)

WHOLE_ARCHIVE = 435
OUTPUTS = {"cpu_baseline.json", "segmentation_otsu.json", "mask.png", "metrics.json"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As many plates as the archive has, small ones, not yet measured."""
    return archive(tmp_path_factory.mktemp("whole"), WHOLE_ARCHIVE, megapixels=0.001)


def test_a_run_leaves_its_outputs_its_seal_and_its_report_and_nothing_else(dataset: Path) -> None:
    before = tree(dataset)
    report = measure(dataset)
    added = tree(dataset).keys() - before.keys()
    assert added == {f"plate-{n:03}/runs/{RUN_ID}/{name}" for n in range(1, 7) for name in OUTPUTS}
    assert {path: tree(dataset)[path] for path in before} == before
    assert (report["outcome"], counts(report)) == ("complete", (6, 0, 0, 0))
    assert reports(dataset) == {"shard-0-of-1.json": report}


def test_everything_bears_the_time_in_the_runs_id(dataset: Path) -> None:
    measure(dataset)
    for name in ("cpu_baseline.json", "segmentation_otsu.json", "metrics.json"):
        told = facts(dataset, name)
        assert (told["plate_id"], told["run_id"], told["timestamp"]) == ("plate-001", RUN_ID, "2026-01-04T04:32:58Z")


def test_the_seal_is_checked_by_sha256sum_in_its_own_folder(dataset: Path) -> None:
    measure(dataset)
    notes = facts(dataset, "metrics.json")["notes"]
    (run_folder(dataset) / "sums").write_text(notes + "\n")
    check = ["sha256sum", "--check", "--strict", "sums"]
    said = subprocess.run(
        check, cwd=run_folder(dataset), capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert sorted(said) == sorted(f"{n}: OK" for n in ["../../source/plate-001.jpg", *OUTPUTS - {"metrics.json"}])


@pytest.mark.parametrize("shards", [1, 3, 10])
def test_a_whole_archive_in_any_number_of_shards_is_one_tree(shards: int, whole: Path, tmp_path: Path) -> None:
    folder, known = tmp_path / "plates", whole.parent / "known"
    shutil.copytree(whole, folder)
    for shard in reversed(range(shards)):
        assert measure(folder, f"{shard}/{shards}")["outcome"] == "complete"
    if not known.exists():
        shutil.copytree(folder, known)
    assert len(list(folder.glob("plates_structured/*/runs/*/metrics.json"))) == WHOLE_ARCHIVE
    assert tree(folder) == tree(known)
    assert sum(report["plates_processed"] for report in reports(folder).values()) == WHOLE_ARCHIVE


@given(st.integers(0, 1000), st.integers(1, 50))
def test_shards_share_all_plates_once_and_evenly(plates_total: int, count: int) -> None:
    names = [f"plate-{number:03}" for number in range(plates_total)]
    shares = [list(Shard(index, count).share(names)) for index in range(count)]
    assert sorted(name for share in shares for name in share) == names
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["", "1/1", "-1/2", "0/0", "0", "a/b", "1/2/3", "0 / 1"])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadShard, match="write i/n"):
        Shard.of(text)


def test_a_run_again_touches_nothing_and_skips_what_is_sealed(dataset: Path) -> None:
    measure(dataset)
    before = written(dataset)
    again = measure(dataset)
    assert counts(again) == (0, 6, 0, 0)
    assert {path: when for path, when in written(dataset).items() if path in before} == before
    assert list(reports(dataset)) == ["shard-0-of-1.2.json", "shard-0-of-1.json"]


def test_other_shards_of_the_same_run_skip_what_is_sealed_too(dataset: Path) -> None:
    measure(dataset, "0/2")
    assert [counts(measure(dataset, f"{shard}/3"))[:2] for shard in range(3)] == [(1, 1), (1, 1), (1, 1)]


def test_a_second_run_lies_beside_the_first(dataset: Path, honest: dict[str, bytes]) -> None:
    measure(dataset)
    measure(dataset, run_id=OTHER_ID)
    both = tree(dataset)
    assert {path: body for path, body in both.items() if OTHER_ID not in path} == honest
    ours, theirs = (both[f"plate-001/runs/{run}/mask.png"] for run in (RUN_ID, OTHER_ID))
    assert ours == theirs


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"plate_number": 1000}, "data.plate_number"),
        ({"plate_id": "plate-002"}, "in the folder of plate-001"),
        ({"source_image": "../plate-002/source/plate-002.jpg"}, "must be a file in source/"),
        ({"source_image": "source/../manifest.json"}, "must be a file in source/"),
        ({"source_image": "/etc/passwd"}, "must be a file in source/"),
        ({"photographer": "unknown"}, "must not contain"),
    ],
)
def test_a_manifest_that_breaks_its_contract_fails_the_shard_after_its_report(
    change: dict[str, object], reason: str, dataset: Path
) -> None:
    path = plate(dataset) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    report = measure(dataset)
    assert (report["outcome"], report["schema_failures"]) == ("failed", 1)
    assert reason in report["errors_sample"][0]
    assert reports(dataset) == {"shard-0-of-1.json": report}
    assert not run_folder(dataset).exists()


def test_after_the_first_broken_contract_no_other_plate_is_begun(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("containers.plate_runs.run._cores", lambda: 1)
    monkeypatch.setattr("containers.plate_runs.run.IN_FLIGHT_PER_CORE", 1)
    (plate(dataset, 3) / "manifest.json").write_text("{not json")
    report = measure(dataset)
    assert (report["plates_selected"], report["plates_processed"], report["schema_failures"]) == (6, 2, 1)


def test_the_schemas_of_the_dataset_come_before_ours(dataset: Path) -> None:
    strict = {"type": "object", "properties": {"foreground_ratio": {"maximum": 0}}}
    (dataset / "schemas").mkdir()
    (dataset / "schemas/segmentation.otsu.schema.json").write_text(json.dumps(strict))
    report = measure(dataset)
    assert report["outcome"] == "failed"
    assert "segmentation_otsu: data.foreground_ratio" in report["errors_sample"][0]
    assert not list(dataset.glob("**/runs"))


def test_a_schema_that_is_none_or_refers_elsewhere_stops_the_run(dataset: Path) -> None:
    (dataset / "schemas").mkdir()
    for text in ("{", '{"$ref": "https://example.com/a.json"}', '{"type": "no type"}'):
        (dataset / "schemas/run.manifest.schema.json").write_text(text)
        process = program(dataset, "run")
        _, said = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "run.manifest.schema.json is no schema" in said


def test_a_picture_that_cannot_be_decoded_is_recorded_and_the_run_complete(dataset: Path) -> None:
    sources = {2: b"no picture", 3: picture(3, megapixels=0.01)[:-300]}
    for number, body in sources.items():
        (plate(dataset, number) / f"source/plate-{number:03}.jpg").write_bytes(body)
        (plate(dataset, number) / "source.sha256").write_text(hashlib.sha256(body).hexdigest().upper())
    report = measure(dataset)
    assert (report["outcome"], report["decode_failures"], counts(report)) == ("complete", 2, (6, 0, 0, 0))
    for number in sources:
        assert not facts(dataset, "cpu_baseline.json", number)["decode"]["ok"]
        assert facts(dataset, "metrics.json", number)["outputs"] == ["cpu_baseline.json"]


def test_a_fault_of_one_plate_keeps_no_other_from_its_end(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    def failing(folder: Artifacts, plate_id: str, schemas: object) -> object:
        if plate_id == "plate-004":
            raise ConnectionResetError("the connection\nwas reset")
        return read_source(folder, plate_id, schemas)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr("containers.plate_runs.plate.read_source", failing)
    report = measure(dataset)
    assert counts(report) == (5, 0, 0, 1)
    assert report["errors_sample"] == ["plate-004: ConnectionResetError: the connection was reset"]


def test_an_id_stands_for_the_models_it_was_claimed_for(dataset: Path) -> None:
    measure(dataset, models=["cpu-baseline-v1"])
    assert {path.name for path in run_folder(dataset).iterdir()} == {"cpu_baseline.json", "metrics.json"}
    with pytest.raises(OtherRun, match="is a run of cpu-baseline-v1, not of cpu-baseline-v1, segmentation-otsu-v1"):
        measure(dataset)


@pytest.mark.parametrize("run_id", ["run-1", "run-20260104-043258-877A06A6", "run-20261304-043258-877a06a6", "x/../y"])
def test_an_id_of_another_form_is_refused(run_id: str, dataset: Path) -> None:
    with pytest.raises(BadRunId, match="must be run-YYYYMMDD-HHMMSS"):
        measure(dataset, run_id=run_id)
    assert not (dataset / "reports").exists()


def test_what_is_no_dataset_and_what_is_no_model_is_said(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(NoPlates, match="has no plates"):
        measure(tmp_path / "elsewhere")
    with pytest.raises(UnknownModel, match=r"No model gpt: choose from cpu-baseline-v1"):
        measure(dataset, models=["gpt", *ALL])


def test_folders_that_are_no_plates_are_left_alone(dataset: Path) -> None:
    for name in ("plate-1", "plate-0001", "plate-abc", "notes"):
        (dataset / "plates_structured" / name).mkdir()
    assert measure(dataset)["plates_total"] == 6


def test_without_an_id_a_shard_claims_one_of_its_own(dataset: Path) -> None:
    process = program(dataset, "run", BWS_RUN_ID="")
    said, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    run_id = json.loads(said)["run_id"]
    assert re.fullmatch("run-[0-9]{8}-[0-9]{6}-[0-9a-f]{8}", run_id)
    claim = json.loads((dataset / "reports" / run_id / "claim.json").read_text())
    assert claim == {"run_id": run_id, "models": ALL, "shards": 1}


def test_the_program_exits_0_when_complete_and_1_when_a_plate_was_refused(dataset: Path) -> None:
    complete = program(dataset, "run")
    said, _ = complete.communicate(timeout=60)
    assert (complete.returncode, json.loads(said)["message"]) == (0, "complete")
    (plate(dataset) / "source.sha256").write_text("0" * 64)
    failed = program(dataset, "run", BWS_RUN_ID=OTHER_ID)
    said, error = failed.communicate(timeout=60)
    assert (failed.returncode, json.loads(said)["message"]) == (1, "failed")
    assert "plate-001: source/plate-001.jpg is not what was archived" in error
    assert reports(dataset, OTHER_ID)["shard-0-of-1.json"]["outcome"] == "failed"
