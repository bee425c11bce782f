"""A night's verification finds what one walk would, however often it stops and whichever of its legs is repeated."""

import json
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.archive import verification
from lambdas.archive.manifest import MANIFEST
from lambdas.archive.nights import Leg, Night, notification
from lambdas.archive.reference import FOLDER
from loupe import contracts
from loupe.artifacts import open_artifacts
from tests.archive.memory import MemoryObjects, written

BODIES = {f"data/raw/{number:03}.png": b"%d" % number for number in range(23)}
ALL = {**BODIES, "data/curated/train.csv": b"train", "models/student/v2/student.onnx": b"model"}
STARTED = "2026-01-11T03:00:00.123Z"


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects(ALL)


@pytest.fixture(autouse=True)
def _short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "STEP", 5)


def leg_of(objects: MemoryObjects, folder: Path, *, seconds: float = 0, **asked: Any) -> Leg:
    """One leg; every look at the clock takes a second."""
    told = {"execution": "arn:e:night-1", "started": STARTED, "leg": 1, "after": "", "read_all": False, **asked}
    project, reference = (open_artifacts(str(place)) for place in (folder, folder / FOLDER))
    ticks = count()
    return Night(objects, project, reference, told).go_on(seconds, clock=lambda: float(next(ticks)))


def walked(objects: MemoryObjects, folder: Path, *, seconds: float = 0, **asked: Any) -> tuple[dict[str, Any], str]:
    """The report of a whole night, and its name."""
    leg = leg_of(objects, folder, seconds=seconds, **asked)
    while leg.report is None:
        following = {"leg": leg.leg, "after": leg.after, "read_all": leg.read_all}
        leg = leg_of(objects, folder, seconds=seconds, **{**asked, **following})
    body = json.loads((folder / leg.report).read_text())
    return dict(contracts.check("archive/verification", body)), leg.report


def kinds(found: list[dict[str, Any]]) -> dict[str, str]:
    return {one["key"]: one["kind"] for one in found}


@settings(deadline=None, max_examples=25)
@given(seconds=st.integers(0, 8), lost=st.sets(st.sampled_from(sorted(BODIES)), max_size=4))
def test_a_night_in_legs_finds_what_one_walk_finds(seconds: int, lost: set[str]) -> None:
    objects = MemoryObjects(ALL)
    with TemporaryDirectory() as home:
        folder = Path(home)
        written(objects, folder)
        for key in lost:
            del objects.bodies[key]
        report, _ = walked(objects, folder, seconds=seconds)
        whole, _ = walked(objects, folder, seconds=1_000, execution="arn:e:night-2")
    assert kinds(report["damage"]) == kinds(whole["damage"]) == dict.fromkeys(lost, "missing")
    assert report["objects"] == whole["objects"] == len(ALL)
    assert whole["legs"] == 1
    assert (report["legs"] > 1) is (seconds < 6)


def test_a_leg_that_is_repeated_changes_nothing(objects: MemoryObjects, tmp_path: Path) -> None:
    written(objects, tmp_path)
    first = leg_of(objects, tmp_path)
    del objects.bodies["data/raw/000.png"]
    assert leg_of(objects, tmp_path) == first
    report, name = walked(objects, tmp_path)
    before = (tmp_path / name).read_bytes()
    assert walked(objects, tmp_path)[1] == name
    assert (tmp_path / name).read_bytes() == before
    assert report["damage"] == []


def test_each_night_of_a_date_has_its_own_report(objects: MemoryObjects, tmp_path: Path) -> None:
    written(objects, tmp_path)
    names = [walked(objects, tmp_path, execution=f"arn:e:night-{number}")[1] for number in (1, 2, 3)]
    assert names == [f"metadata/verification/2026-01-11{end}.json" for end in ("", ".2", ".3")]


def test_a_change_is_damage_where_objects_are_written_once_and_news_elsewhere(
    objects: MemoryObjects, tmp_path: Path
) -> None:
    written(objects, tmp_path)
    objects.write("models/student/v2/student.onnx", b"mode!")
    objects.write("data/curated/train.csv", b"other")
    objects.write("data/raw/new.png", b"new")
    objects.write("notes.txt", b"stray")
    report, _ = walked(objects, tmp_path)
    assert kinds(report["damage"]) == {"models/student/v2/student.onnx": "altered"}
    assert kinds(report["news"]) == {
        "data/curated/train.csv": "altered", "data/raw/new.png": "extra", "notes.txt": "stray",
    }  # fmt: skip


def test_a_reference_version_whose_files_disagree_is_damage(objects: MemoryObjects, tmp_path: Path) -> None:
    written(objects, tmp_path)
    version = tmp_path / FOLDER / "2026-01-11"
    version.mkdir(parents=True)
    (version / "version.json").write_text("{}")
    report, _ = walked(objects, tmp_path)
    assert set(kinds(report["damage"]).values()) == {"reference"}


def test_nothing_to_compare_with_is_told(objects: MemoryObjects, tmp_path: Path) -> None:
    report, name = walked(objects, tmp_path)
    assert (report["manifest"], report["objects"]) == (None, 0)
    assert "loupe archive manifest" in report["reason"]
    message = notification(name, report)
    assert contracts.check("archive/notification", message)["reason"] == report["reason"]


@pytest.mark.parametrize("what", ["manifest", "list"])
def test_a_damaged_manifest_or_list_is_told(objects: MemoryObjects, tmp_path: Path, what: str) -> None:
    manifest, _ = written(objects, tmp_path)
    name = MANIFEST if what == "manifest" else manifest.checksums["name"]
    (tmp_path / name).write_bytes(b"{}")
    report, _ = walked(objects, tmp_path)
    assert report["reason"]
    assert notification("r", report)


def test_a_night_without_damage_tells_nobody(objects: MemoryObjects, tmp_path: Path) -> None:
    written(objects, tmp_path)
    objects.write("data/raw/new.png", b"new")
    report, name = walked(objects, tmp_path)
    assert notification(name, report) is None


def test_a_night_of_much_damage_names_some_and_says_how_much(objects: MemoryObjects, tmp_path: Path) -> None:
    written(objects, tmp_path)
    for key in BODIES:
        del objects.bodies[key]
    report, name = walked(objects, tmp_path)
    message = contracts.check("archive/notification", notification(name, report))
    assert (message["damaged"], len(message["first"])) == (23, 20)
    assert len(report["damage"]) == 23
