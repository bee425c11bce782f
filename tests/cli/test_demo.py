"""Every `make demo`: it shows what it found or says what is wrong, and leaves no process behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import EXAMPLES
from tests.waiting import eventually

pytestmark = pytest.mark.laptop
ROOT = Path(__file__).parents[2]


@pytest.fixture
def temporary(tmp_path: Path) -> Iterator[Path]:
    """Where the demo's engine lives; nothing may run there afterwards."""
    (tmp_path / "tmp").mkdir()
    yield tmp_path
    eventually(lambda: processes(tmp_path) == [], 15)


def processes(folder: Path) -> list[str]:
    commands = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={folder}".encode() in file.read_bytes():
                commands.append(file.with_name("cmdline").read_text())
        except OSError:
            continue
    return commands


def demo(folder: Path, *plans: Path, module: str = "cli.demo") -> "subprocess.Popen[str]":
    environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "LOUPE_DEMO": str(folder / "pictures")}
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, plans)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_plan_becomes_a_table_and_a_picture_and_one_that_is_none_is_said(temporary: Path) -> None:
    (temporary / "broken.png").write_bytes(b"no picture")
    ran = demo(temporary, EXAMPLES / "listing.png", EXAMPLES / "flat.png", temporary / "broken.png")
    out, err = ran.communicate(timeout=120)
    assert ran.returncode == 1
    assert err.startswith("No rooms for broken.png: The file is no image and no PDF")
    assert "room_001" in out
    assert out.count("SUCCEEDED") == 2
    assert {path.name for path in (temporary / "pictures").iterdir()} == {"listing.overlay.png", "flat.overlay.png"}


def test_pages_become_words_and_pictures_without_a_service_or_a_key(temporary: Path) -> None:
    ran = demo(temporary, module="cli.demo_ocr")
    out, err = ran.communicate(timeout=240)
    assert (ran.returncode, err) == (0, "")
    assert out.count("100%") >= 4
    assert len(list((temporary / "pictures").glob("*.words.png"))) == 6


def test_plates_are_archived_measured_verified_and_drawn_on_one_sheet(temporary: Path) -> None:
    ran = demo(temporary, module="cli.demo_plates")
    out, err = ran.communicate(timeout=240)
    assert (ran.returncode, err) == (0, "")
    assert out.count("plate-0") == 12
    with Image.open(temporary / "pictures" / "plates.png") as sheet:
        assert sheet.size[1] > 12 / 2 * 300


def test_photographs_are_drawn_beside_the_nearest_cards(temporary: Path) -> None:
    ran = demo(temporary, module="cli.demo_search")
    out, err = ran.communicate(timeout=240)
    assert (ran.returncode, err) == (0, "")
    assert out.count("True") == 5
    with Image.open(temporary / "pictures" / "search.png") as sheet:
        assert sheet.size[1] > 5 * 150


def test_an_image_that_is_not_there_is_said_before_anything_starts(temporary: Path) -> None:
    out, err = demo(temporary, temporary / "nowhere.png", module="cli.demo_search").communicate(timeout=60)
    assert (out, err.count("\n")) == ("", 1)
    assert "nowhere.png" in err


def test_a_folder_of_plates_that_is_none_is_said_before_anything_starts(temporary: Path) -> None:
    out, err = demo(temporary, temporary / "nowhere", module="cli.demo_plates").communicate(timeout=60)
    assert (out, err) == ("", "One folder of plates at a time, please.\n")


def test_a_table_that_is_none_is_said_before_anything_starts(temporary: Path) -> None:
    (temporary / "pages.parquet").write_bytes(b"no table")
    out, err = demo(temporary, temporary / "pages.parquet", module="cli.demo_ocr").communicate(timeout=60)
    assert (out, err.count("\n")) == ("", 1)
    assert "pages.parquet is not a Parquet file" in err


def test_a_plan_that_is_not_there_is_said_before_anything_starts(temporary: Path) -> None:
    out, err = demo(temporary, temporary / "nowhere.png").communicate(timeout=60)
    assert (out, err.count("\n")) == ("", 1)
    assert "nowhere.png" in err


def test_a_name_that_is_no_plans_is_said_before_anything_starts(temporary: Path) -> None:
    (temporary / "notes.txt").write_text("hello")
    out, err = demo(temporary, temporary / "notes.txt").communicate(timeout=60)
    assert (out, err.count("\n")) == ("", 1)
    assert "notes.txt is not a blueprint" in err


@pytest.mark.parametrize(
    ("number", "program"), [(signal.SIGINT, "gunicorn"), (signal.SIGTERM, "local.engine"), (signal.SIGHUP, "app.py")]
)
def test_a_demo_that_is_ended_stops_what_it_started(temporary: Path, number: signal.Signals, program: str) -> None:
    if program == "app.py":  # which runs where nothing is synthesized yet
        shutil.rmtree(ROOT / ".loupe" / "cdk.out")
    ran = demo(temporary)
    eventually(lambda: any(program in command for command in processes(temporary)), 150)
    time.sleep(0.2)
    ran.send_signal(number)
    ran.communicate(timeout=60)
    assert ran.returncode == 130
