"""`loupe room-detection detect`: a folder of anything in, one answer or one reason per blueprint out."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

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
