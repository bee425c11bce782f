"""Sources and sealed runs are never touched again, whoever is killed, races or tampers."""

import json
import re
import signal
import time
from pathlib import Path

import pytest

from tests.plate_runs.archives import (
    RUN_ID,
    archive,
    counts,
    measure,
    plate,
    program,
    reports,
    run_folder,
    tree,
    written,
)


@pytest.mark.parametrize("written_first", range(4))
def test_an_unsealed_run_is_completed_without_rewriting(
    written_first: int, dataset: Path, honest: dict[str, bytes]
) -> None:
    """Whatever an attempt had written when it was killed: nothing, or one output after the other."""
    order = ["cpu_baseline.json", "segmentation_otsu.json", "mask.png"][:written_first]
    run_folder(dataset).mkdir(parents=True)
    for name in order:
        (run_folder(dataset) / name).write_bytes(honest[f"plate-001/runs/{RUN_ID}/{name}"])
    before = written(run_folder(dataset))
    measure(dataset)
    assert tree(dataset) == honest
    assert {path: when for path, when in written(run_folder(dataset)).items() if path in before} == before


def test_outputs_that_are_not_as_they_would_be_written_are_never_sealed(dataset: Path) -> None:
    run_folder(dataset).mkdir(parents=True)
    (run_folder(dataset) / "cpu_baseline.json").write_text("{}")
    report = measure(dataset)
    assert (report["outcome"], counts(report)) == ("failed", (5, 0, 0, 1))
    assert "cpu_baseline.json is there already" in report["errors_sample"][0]
    assert not (run_folder(dataset) / "metrics.json").exists()
    assert (run_folder(dataset) / "cpu_baseline.json").read_text() == "{}"


def test_a_run_killed_at_any_instant_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    dataset, known = archive(tmp_path / "a", 40), archive(tmp_path / "b", 40)
    measure(known)
    for sealed in (1, 7, 20):
        process = program(dataset, "run")
        while process.poll() is None and len(list(dataset.glob("**/metrics.json"))) < sealed:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert tree(dataset).items() <= tree(known).items() | drafts(dataset)
    process = program(dataset, "run")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(said)["plates_skipped"] >= 20
    assert {path: body for path, body in tree(dataset).items() if "/." not in path} == tree(known)


def drafts(dataset: Path) -> set[tuple[str, bytes]]:
    """Hidden files that a killed process left; no one sees them."""
    return {(path, body) for path, body in tree(dataset).items() if "/." in path}


def test_processes_that_race_on_the_same_plates_write_each_file_once(dataset: Path, honest: dict[str, bytes]) -> None:
    racers = [program(dataset, "run", BWS_PLATE_SHARD=shard) for shard in ("0/1", "0/1", "0/2", "1/2")]
    said = [process.communicate(timeout=60) for process in racers]
    assert [process.returncode for process in racers] == [0, 0, 0, 0], said
    assert tree(dataset) == honest


def test_a_flipped_byte_of_a_source_is_refused_with_both_checksums_and_the_others_go_on(dataset: Path) -> None:
    source, checksum = plate(dataset, 2) / "source/plate-002.jpg", (plate(dataset, 2) / "source.sha256").read_text()
    body = bytearray(source.read_bytes())
    body[len(body) // 2] ^= 1
    source.write_bytes(body)
    report = measure(dataset)
    [refusal] = report["refused"]
    assert (report["outcome"], counts(report)) == ("failed", (5, 0, 1, 0))
    assert refusal["plate_id"] == "plate-002"
    assert refusal["sha256_expected"] == checksum.split()[0]
    assert re.fullmatch("[0-9a-f]{64}", refusal["sha256_found"])
    assert refusal["sha256_found"] in refusal["reason"]
    assert refusal["sha256_expected"] in refusal["reason"]
    assert not run_folder(dataset, 2).exists()
    assert reports(dataset) == {"shard-0-of-1.json": report}


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("source.sha256", "", "holds no SHA-256"),
        ("source.sha256", None, "source.sha256 is not there"),
        ("manifest.json", None, "manifest.json is not there"),
        ("source/plate-001.jpg", None, "source/plate-001.jpg is not there"),
    ],
)
def test_a_plate_that_cannot_be_proven_is_refused(name: str, body: str | None, reason: str, dataset: Path) -> None:
    (plate(dataset) / name).unlink()
    if body is not None:
        (plate(dataset) / name).write_text(body)
    report = measure(dataset)
    assert counts(report) == (5, 0, 1, 0)
    assert reason in report["refused"][0]["reason"]
