"""Whatever is changed in an archive is found, and an honest one verifies."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from containers.plate_runs.verification import Verification
from tests.plate_runs.archives import RUN_ID, measured, plate, program, run_folder

PLATES = 3
RUN = f"plates_structured/plate-001/runs/{RUN_ID}"


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return measured(tmp_path_factory.mktemp("honest") / "plates", PLATES)


@pytest.fixture
def dataset(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "plates"))


def findings(dataset: Path) -> dict[str, str]:
    return {finding.name: finding.reason for finding in Verification(str(dataset)).findings()}


def test_an_honest_archive_verifies(dataset: Path) -> None:
    verification = Verification(str(dataset))
    assert list(verification.findings()) == []
    assert (verification.plates, verification.runs) == (PLATES, PLATES)
    assert (verification.unsealed, verification.unproven) == (0, 0)


def test_a_prefix_without_plates_does_not_verify(tmp_path: Path) -> None:
    process = program(tmp_path / "mistyped", "verify")
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "has no plates" in said) == (1, True)


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")


@pytest.mark.parametrize(
    ("deed", "path", "found", "reason"),
    [
        (flip, "plates_structured/plate-002/source/plate-002.jpg", "plates_structured/plate-002", "is not what was"),
        (Path.unlink, "plates_structured/plate-002/source.sha256", "plates_structured/plate-002", "is not there"),
        (Path.unlink, "plates_structured/plate-002/manifest.json", "plates_structured/plate-002", "is not there"),
        (flip, f"{RUN}/mask.png", f"{RUN}/mask.png", "and metrics.json says"),
        (Path.unlink, f"{RUN}/cpu_baseline.json", f"{RUN}/cpu_baseline.json", "it was sealed, and is gone"),
        (Path.unlink, f"{RUN}/metrics.json", f"{RUN}/metrics.json", "the ledger has this run, and it is gone"),
        (put, f"{RUN}/extra.json", f"{RUN}/extra.json", "nothing may lie here"),
        (put, "embeddings.npy", "embeddings.npy", "nothing may lie here"),
        (put, "figures/histogram.png", "figures/histogram.png", "nothing may lie here"),
        (put, "plates_structured/notes.txt", "plates_structured/notes.txt", "nothing may lie here"),
        (put, "plates_structured/plate-001/derived/a", "plates_structured/plate-001/derived/a", "nothing may lie here"),
        (put, "plates_structured/plate-001/source/b.jpg", "plates_structured/plate-001/source/b.jpg", "nothing may"),
        (put, "reports/mine.txt", "reports/mine.txt", "nothing may lie here"),
    ],
)
def test_what_is_changed_lost_or_strayed_is_found(
    deed: Callable[[Path], None], path: str, found: str, reason: str, dataset: Path
) -> None:
    deed(dataset / path)
    told = findings(dataset)
    assert reason in told[found]
    assert {name.split("/")[-1] for name in told if name != found} <= {"plate-002.jpg", "source.sha256"}


def test_a_run_that_vanished_whole_is_missed_by_the_ledger(dataset: Path) -> None:
    for number in (1, 3):
        shutil.rmtree(run_folder(dataset, number))
    assert len(findings(dataset)) == 2


def test_a_seal_rewritten_with_its_outputs_is_told_by_the_ledger(dataset: Path) -> None:
    path = run_folder(dataset) / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text())))  # the same words in other bytes
    assert "and the ledger says" in findings(dataset)[f"{RUN}/metrics.json"]


def test_a_source_replaced_with_its_checksum_is_told_by_the_runs_that_measured_it(dataset: Path) -> None:
    other = plate(dataset, 2)
    shutil.copy(other / "source/plate-002.jpg", plate(dataset) / "source/plate-001.jpg")
    shutil.copy(other / "source.sha256", plate(dataset) / "source.sha256")
    assert "it measured a source with" in findings(dataset)[f"{RUN}/metrics.json"]


def test_unsealed_runs_and_runs_without_checksums_are_counted_and_no_fault(dataset: Path) -> None:
    shutil.rmtree(dataset / "ledger")
    (run_folder(dataset) / "metrics.json").unlink()
    path = run_folder(dataset, 2) / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"notes": "of another program"}))
    verification = Verification(str(dataset))
    assert list(verification.findings()) == []
    assert (verification.runs, verification.unsealed, verification.unproven) == (2, 1, 1)


def test_the_program_lists_what_it_found_and_exits_1(dataset: Path) -> None:
    process = program(dataset, "verify")
    said, _ = process.communicate(timeout=60)
    assert (process.returncode, json.loads(said)["findings"]) == (0, 0)
    put(dataset / "stray")
    process = program(dataset, "verify")
    finding, summary = map(json.loads, process.communicate(timeout=60)[0].splitlines())
    assert finding == {"message": "finding", "name": "stray", "reason": "nothing may lie here"}
    assert (process.returncode, summary["findings"]) == (1, 1)
