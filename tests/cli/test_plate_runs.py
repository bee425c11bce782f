"""`loupe plate-runs`: what a person asks of archives and runs, sees and gets, in a folder and on the laptop."""

import hashlib
import io
import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from cli.plate_archives import Archive
from cli.plate_views import views
from local.laptop import Laptop
from tests.cli.plates import MEASURED, files, loupe, refusal, scans, told
from tests.plate_runs.archives import OTHER_ID, RUN_ID, archive, measure, plate, run_folder


def test_an_honest_archive_verifies(birds: Path) -> None:
    assert loupe("verify", birds).exit_code == 0
    assert told("verify", birds) == {"plates": MEASURED, "runs": MEASURED, "unsealed": 0, "unproven": 0, "findings": []}


def test_what_is_not_as_it_was_written_is_listed_and_fails(birds: Path) -> None:
    (run_folder(birds) / "mask.png").write_bytes(b"another")
    ran = loupe("verify", birds, "--json")
    [finding] = json.loads(ran.stdout)["findings"]
    assert ran.exit_code == 1
    assert finding["name"].endswith(f"{RUN_ID}/mask.png")
    assert "metrics.json says" in finding["reason"]


def test_an_archive_without_plates_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "plates_structured").mkdir()
    assert "has no plates" in refusal("verify", tmp_path)
    assert "There is no run" in refusal("show", tmp_path)


def test_the_ledger_is_shown_and_saved_as_it_is(birds: Path, tmp_path: Path) -> None:
    assert [(row["plate_id"], row["run_id"]) for row in told("ledger", birds)] == [
        (f"plate-{number:03}", RUN_ID) for number in range(1, MEASURED + 1)
    ]
    assert [row["runs"] for row in told("ledger", birds, "--of", "plates", "--limit", 2)] == [1, 1]
    out = tmp_path / "plates.parquet"
    assert loupe("ledger", birds, "--of", "plates", "--out", out).exit_code == 0
    assert out.read_bytes() == (birds / "ledger" / "plates.parquet").read_bytes()
    assert "exists" in refusal("ledger", birds, "--out", out)
    assert loupe("ledger", birds, "--out", out, "--force").exit_code == 0
    assert out.read_bytes() == (birds / "ledger" / "runs.parquet").read_bytes()


def test_a_ledger_that_there_is_not_is_said(birds: Path) -> None:
    assert "choose plates or runs" in refusal("ledger", birds, "--of", "birds")
    shutil.rmtree(birds / "ledger")
    assert "has no ledger yet" in refusal("ledger", birds)


def test_a_run_is_drawn_and_a_picture_that_exists_is_left_alone(birds: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert loupe("show", birds, "--out", out).stdout == f"{out}\n"
    with Image.open(out) as whole:
        assert whole.format == "PNG"
    one = tmp_path / "one.png"
    assert loupe("show", RUN_ID, "--dataset", birds, "--plate", "plate-002", "--out", one).exit_code == 0
    with Image.open(one) as single, Image.open(out) as whole:
        assert single.size[1] < whole.size[1]
    before = out.read_bytes()
    assert "exists" in refusal("show", birds, "--out", out)
    assert out.read_bytes() == before


def test_what_cannot_be_shown_is_said(birds: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert "has no plate plate-009: it has plate-001 to plate-003" in refusal(
        "show", birds, "--plate", "plate-009", "--out", out
    )
    assert "has sealed none of 3 plates" in refusal("show", OTHER_ID, "--dataset", birds, "--out", out)
    shutil.rmtree(birds / "reports")
    assert "There is no run" in refusal("show", birds, "--out", out)
    assert not out.exists()


def test_a_run_of_another_program_which_claims_no_id_is_shown_all_the_same(birds: Path, tmp_path: Path) -> None:
    shutil.rmtree(birds / "reports")
    assert loupe("show", RUN_ID, "--dataset", birds, "--out", tmp_path / "sheet.png").exit_code == 0


@pytest.mark.parametrize("lost", ["mask.png", "cpu_baseline.json", "segmentation_otsu.json", "metrics.json"])
def test_a_plate_that_lost_a_file_does_not_keep_the_others_from_being_shown(
    lost: str, birds: Path, tmp_path: Path
) -> None:
    (run_folder(birds, 2) / lost).unlink()
    (plate(birds, 3) / "source" / "plate-003.jpg").write_bytes(b"another")
    assert loupe("show", birds, "--out", tmp_path / "sheet.png").exit_code == 0


def test_what_a_sheet_shows_is_what_was_archived_and_what_was_sealed(birds: Path) -> None:
    (plate(birds, 2) / "source" / "plate-002.jpg").write_bytes(b"another")
    (run_folder(birds, 3) / "metrics.json").unlink()
    archived = Archive("birds", str(birds))
    whole, changed, unsealed = views(archived, RUN_ID, archived.plates())
    assert (bool(whole.plate), bool(whole.mask), whole.sealed, whole.troubles) == (True, True, True, [])
    assert (changed.plate, bool(changed.mask), changed.sealed) == (None, True, True)
    assert "is not what was archived" in changed.troubles[0]
    assert (bool(unsealed.plate), unsealed.mask, unsealed.baseline) == (True, None, {})
    assert unsealed.troubles == ["The run has not sealed this plate."]


def test_a_run_is_unfinished_until_every_shard_has_reported_and_then_complete(tmp_path: Path) -> None:
    folder = archive(tmp_path / "birds", MEASURED)
    measure(folder, "0/2")
    [run] = told("status", folder)
    assert (run["state"], run["shards"], run["reported"], run["done"]) == ("UNFINISHED", 2, 1, 2)
    measure(folder, "1/2")
    [run] = told("status", folder)
    assert (run["state"], run["reported"], run["done"], run["models"]) == (
        "COMPLETE",
        2,
        MEASURED,
        ["cpu-baseline-v1", "segmentation-otsu-v1"],
    )


def test_a_run_with_a_refused_source_has_failed_and_says_both_checksums(tmp_path: Path) -> None:
    folder = archive(tmp_path / "birds", MEASURED)
    source = plate(folder, 2) / "source" / "plate-002.jpg"
    known, body = hashlib.sha256(source.read_bytes()).hexdigest(), source.read_bytes()
    source.write_bytes(body[:-3] + b"\0" + body[-2:])
    measure(folder)
    ran = loupe("status", folder, "--json")
    [run] = json.loads(ran.stdout)
    assert (ran.exit_code, run["state"], run["refused"], run["done"]) == (1, "FAILED", 1, MEASURED - 1)
    assert known in run["reason"]
    assert hashlib.sha256(source.read_bytes()).hexdigest() in run["reason"]


def test_a_run_that_failed_is_complete_after_an_attempt_in_as_many_or_other_shards(tmp_path: Path) -> None:
    for shards in (["0/1"], ["0/2", "1/2"]):
        folder = archive(tmp_path / str(len(shards)), MEASURED)
        source = plate(folder, 2) / "source" / "plate-002.jpg"
        body = source.read_bytes()
        source.write_bytes(b"damaged on the disk")
        measure(folder)
        source.write_bytes(body)
        for shard in shards:
            measure(folder, shard)
        [run] = told("status", folder)
        assert (run["state"], run["done"], run["refused"], run["skipped"]) == ("COMPLETE", MEASURED, 0, MEASURED - 1)


def test_without_a_laptop_every_command_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUPE_HOME", str(tmp_path / "none"))
    folder = scans(tmp_path / "birds", "a.jpg")
    for words in (["ingest", folder], ["start"], ["status"], ["verify", "a"], ["ledger", "a"], ["show", RUN_ID]):
        assert "loupe local up" in refusal(*words)


# The laptop


@pytest.fixture
def laptop(running_laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Laptop:
    monkeypatch.setenv("LOUPE_HOME", str(running_laptop.home))
    return running_laptop


def bucket(laptop: Laptop) -> str:
    found = laptop.client("ssm").get_parameter(Name="/loupe/laptop/storage/project-bucket")
    return str(found["Parameter"]["Value"])


@pytest.mark.laptop
def test_pictures_are_archived_measured_verified_listed_and_drawn(laptop: Laptop, tmp_path: Path) -> None:
    denials = laptop.denials()
    folder = scans(tmp_path / "owls", "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    assert told("ingest", folder)["new"] == 4
    [run] = told("start", "owls", "--shards", 3, "--wait")
    assert (run["state"], run["shards"], run["done"], run["refused"]) == ("COMPLETE", 3, 4, 0)
    assert [one["run"] for one in told("status", "owls")] == [run["run"]]
    assert told("verify", "owls")["findings"] == []
    assert [row["run_id"] for row in told("ledger", "owls")] == [run["run"]] * 4
    out = tmp_path / "runs.parquet"
    loupe("ledger", "owls", "--out", out)
    assert pq.read_table(io.BytesIO(out.read_bytes())).num_rows == 4
    assert loupe("show", run["run"], "--out", tmp_path / "sheet.png").exit_code == 0
    assert (told("ingest", folder)["new"], laptop.denials()) == (0, denials)


@pytest.mark.laptop
def test_a_run_that_goes_on_measures_no_sealed_plate_again(laptop: Laptop, tmp_path: Path) -> None:
    told("ingest", scans(tmp_path / "wrens", "a.jpg", "b.jpg"))
    [run] = told("start", "wrens", "--models", "cpu-baseline-v1", "--shards", 1, "--wait")
    assert (run["state"], run["models"], run["processed"]) == ("COMPLETE", ["cpu-baseline-v1"], 2)
    [again] = told("resume", run["run"], "--wait")
    assert (again["run"], again["state"], again["processed"], again["skipped"]) == (run["run"], "COMPLETE", 0, 2)


@pytest.mark.laptop
def test_a_source_that_is_not_what_was_archived_fails_the_run_with_both_checksums(
    laptop: Laptop, tmp_path: Path
) -> None:
    folder = archive(tmp_path / "finches", 2)
    known = hashlib.sha256((plate(folder) / "source" / "plate-001.jpg").read_bytes()).hexdigest()
    (plate(folder) / "source" / "plate-001.jpg").write_bytes(b"flipped")
    for path, body in files(folder).items():
        laptop.client("s3").put_object(Bucket=bucket(laptop), Key=f"plates/finches/{path}", Body=body, IfNoneMatch="*")
    ran = loupe("start", "finches", "--wait", "--json")
    [run] = json.loads(ran.stdout)
    assert (ran.exit_code, run["state"], run["refused"], run["done"]) == (1, "FAILED", 1, 1)
    for checksum in (known, hashlib.sha256(b"flipped").hexdigest()):
        assert checksum in run["reason"]
    assert loupe("status", "finches").exit_code == 1
    assert loupe("show", "finches", "--out", tmp_path / "sheet.png").exit_code == 0
