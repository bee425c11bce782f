"""`loupe room-detection detect`: a folder of anything in, one answer or one reason per blueprint out."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import detection
from cli.main import app
from cli.trouble import Trouble
from loupe import contracts
from tests.conftest import EXAMPLES


def detect(*words: object) -> Result:
    return CliRunner().invoke(app, ["room-detection", "detect", *map(str, words)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two plans of one name in different folders, one of that name with a number, and two that are none."""
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    for name in ("plan.png", "deeper/plan.png", "plan.2.png"):
        shutil.copy(EXAMPLES / "listing.png", tmp_path / "in" / name)
    (tmp_path / "in" / "broken.png").write_bytes((EXAMPLES / "listing.png").read_bytes()[:2000])
    (tmp_path / "in" / "empty.jpg").touch()
    (tmp_path / "in" / "notes.txt").write_text("not looked at")
    return tmp_path / "in"


def test_a_folder_gives_an_answer_or_a_reason_for_each_blueprint(folder: Path, tmp_path: Path) -> None:
    ran = detect(folder, "--out", tmp_path / "out", "--overlay", "--json")
    done = {Path(one["file"]).relative_to(folder).as_posix(): one for one in json.loads(ran.stdout)}
    assert ran.exit_code == 1
    assert {name for name, one in done.items() if "reason" in one} == {"broken.png", "empty.jpg"}
    answers = sorted((tmp_path / "out").glob("*.json"))
    assert len(answers) == 3
    for answer in answers:
        assert contracts.check("room_detection/rooms", json.loads(answer.read_text()))["rooms"]
    assert len(list((tmp_path / "out").glob("*.overlay.png"))) == 3


def test_the_order_is_that_of_the_files_whoever_ends_first(folder: Path, tmp_path: Path) -> None:
    files = [folder / "broken.png", folder / "plan.png", folder / "empty.jpg", folder / "plan.2.png"]
    ran = detect(*files, "--out", tmp_path / "out", "--json")
    assert [one["file"] for one in json.loads(ran.stdout)] == [str(file) for file in files]


def test_all_well_is_exit_code_zero_and_a_table(folder: Path, tmp_path: Path) -> None:
    ran = detect(folder / "plan.png", "--out", tmp_path / "out")
    assert ran.exit_code == 0
    assert "rooms" in ran.stdout


def test_the_resolution_reaches_the_pages_of_a_pdf(tmp_path: Path) -> None:
    detect(EXAMPLES / "house.pdf", "--out", tmp_path, "--dpi", 72)
    pages = json.loads((tmp_path / "house.json").read_text())["pages"]
    assert {page["dpi"] for page in pages} == {72}


@pytest.mark.parametrize(("path", "sentence"), [("nowhere", "does not exist"), (".", "No blueprints in")])
def test_nothing_to_look_at_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, sentence: str) -> None:
    monkeypatch.chdir(tmp_path)
    ran = detect(path, "--out", tmp_path / "out")
    assert isinstance(ran.exception, Trouble)
    assert sentence in str(ran.exception)


def test_no_file_is_replaced_unless_forced(folder: Path, tmp_path: Path) -> None:
    (folder / "plan.json").write_text("annotated by hand")
    ran = detect(folder / "plan.png", "--out", folder, "--json")
    assert ran.exit_code == 1
    assert "--force" in json.loads(ran.stdout)[0]["reason"]
    assert (folder / "plan.json").read_text() == "annotated by hand"
    assert detect(folder / "plan.png", "--out", folder, "--force").exit_code == 0
    assert contracts.check("room_detection/rooms", json.loads((folder / "plan.json").read_text()))


def test_a_file_that_cannot_be_a_folder_is_said(folder: Path) -> None:
    ran = detect(folder / "plan.png", "--out", folder / "notes.txt")
    assert isinstance(ran.exception, Trouble)
    assert "cannot be a folder to write to" in str(ran.exception)


def test_pictures_of_earlier_answers_are_no_blueprints(folder: Path, tmp_path: Path) -> None:
    detect(folder / "plan.png", "--out", folder, "--overlay")
    assert (folder / "plan.overlay.png").exists()
    ran = detect(folder, "--out", tmp_path / "out", "--json")
    assert not any("overlay" in one["file"] for one in json.loads(ran.stdout))


def test_a_failure_of_the_detector_is_one_files_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_file: Path, _limits: object) -> None:
        raise MemoryError

    monkeypatch.setattr(detection, "detect_file", fails)
    ran = detect(folder / "plan.png", folder / "plan.2.png", "--out", folder, "--jobs", "1", "--json")
    assert ["MemoryError" in one["reason"] for one in json.loads(ran.stdout)] == [True, True]


def test_a_killed_process_is_a_reason_and_no_traceback(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detection, "_begin", end_at_once)
    ran = detect(folder, "--out", tmp_path / "out", "--jobs", "2", "--json")
    assert ran.exit_code == 1
    assert {one["reason"] for one in json.loads(ran.stdout)} == {
        "A process was killed, perhaps for want of memory: try --jobs 1."
    }


def end_at_once() -> None:
    os._exit(9)
