"""`loupe archive metrics` tells and brings what the last night has made, and says so where there is nothing yet."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import archive_metrics
from cli.archive import app
from cli.archive_project import Root
from cli.trouble import Trouble
from lambdas.archive.settings import METRICS
from tests.archive.test_metrics import looked, seen


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the project bucket."""
    folder = tmp_path / "bucket"
    monkeypatch.setattr(archive_metrics, "project", lambda _env: Root(str(folder)))
    (folder / METRICS).mkdir(parents=True)
    return folder


def made(bucket: Path) -> dict[str, bytes]:
    """Figures of one model and of a run that cannot be read."""
    files = looked(
        seen("models/student/v2.0/student.onnx", size=1 << 30), seen("ocr/a/b/manifest.json", bucket="results")
    ).files()
    for name, body in files.items():
        (bucket / METRICS / name).write_bytes(body)
    return files


def asked(*words: str) -> Result:
    return CliRunner().invoke(app, ["metrics", *words])


def test_the_last_nights_figures_are_shown(bucket: Path) -> None:
    made(bucket)
    shown = asked()
    assert shown.exit_code == 0
    for words in ("project/models", "1.000", "room_detection", "2026-01-11T05:00:00Z", "ocr/a/b/manifest.json"):
        assert words in shown.output


def test_the_files_are_brought_and_never_written_over_others(bucket: Path, tmp_path: Path) -> None:
    files, target = made(bucket), tmp_path / "figures"
    assert asked("--out", str(target)).exit_code == 0
    assert {path.name: path.read_bytes() for path in target.iterdir()} == files
    assert isinstance(asked("--out", str(target)).exception, Trouble)
    assert asked("--out", str(target), "--force").exit_code == 0


@pytest.mark.usefixtures("bucket")
def test_where_there_are_no_figures_yet_it_says_how_to_make_them() -> None:
    shown = asked()
    assert isinstance(shown.exception, Trouble)
    assert "--now" in str(shown.exception)
