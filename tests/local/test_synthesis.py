"""Stacks are synthesized again when anything they may be made of has changed, and only then."""

from collections.abc import Callable
from pathlib import Path

import pytest

from local import synthesis

APP = """
import os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir(exist_ok=True)
runs = out / "runs"
runs.write_text(runs.read_text() + "." if runs.exists() else ".")
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An app that counts how often it runs."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "one.py").write_text("")
    (tmp_path / "app.py").write_text(APP)
    monkeypatch.setattr(synthesis, "ROOT", tmp_path)
    return tmp_path


def runs(root: Path) -> int:
    home = root / ".loupe"
    home.mkdir(exist_ok=True)
    return len((synthesis.synthesize(home) / "runs").read_text())


def test_what_is_there_stays_while_nothing_has_changed(root: Path) -> None:
    assert [runs(root), runs(root)] == [1, 1]
    (root / "tests").mkdir()
    (root / "tests" / "test_one.py").write_text("")
    assert runs(root) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "stacks" / "one.py").write_text("x = 1"),
        lambda root: (root / "stacks" / "two.json").write_text("{}"),
        lambda root: (root / "stacks" / "one.py").unlink(),
        lambda root: (root / "stacks" / "one.py").rename(root / "stacks" / "other.py"),
        lambda root: (root / ".loupe" / "cdk.out" / "made-of.sha256").unlink(),
    ],
)
def test_any_change_of_a_source_has_it_synthesized_again(root: Path, change: Callable[[Path], object]) -> None:
    assert runs(root) == 1
    change(root)
    assert runs(root) == 2


def test_what_failed_is_tried_again(root: Path) -> None:
    assert runs(root) == 1
    (root / "app.py").write_text("raise SystemExit('no such stack')")
    for _ in range(2):
        with pytest.raises(synthesis.SynthesisFailed, match="no such stack"):
            runs(root)
