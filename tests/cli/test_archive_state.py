"""What a command has done so far: whole lines only, for the same question only, of one process at a time."""

import os
from pathlib import Path

import pytest

from cli.archive_state import state
from cli.trouble import Trouble


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LOUPE_HOME", str(tmp_path))
    return tmp_path / "archive"


def test_lines_are_there_for_the_same_question_and_no_other() -> None:
    with state("verify", url="a", read_all=False) as kept:
        kept.add({"after": "ü"})
    with state("verify", url="a", read_all=False) as kept:
        assert kept.lines() == [{"after": "ü"}]
        kept.add({"after": "z"})
        assert kept.lines() == [{"after": "ü"}, {"after": "z"}]
    for url, read_all in (("b", False), ("a", True)):
        with state("verify", url=url, read_all=read_all) as kept:
            assert kept.lines() == []


def test_a_line_that_was_not_written_whole_is_cut_off(home: Path) -> None:
    with state("verify") as kept:
        kept.add({"after": "a"})
    [path] = home.iterdir()
    path.write_bytes(path.read_bytes() + b'{"after": "b", "findi')
    with state("verify") as kept:
        assert kept.lines() == [{"after": "a"}]
        kept.add({"after": "c"})
    with state("verify") as kept:
        assert kept.lines() == [{"after": "a"}, {"after": "c"}]


def test_what_is_too_old_or_unwanted_is_forgotten(home: Path) -> None:
    with state("verify") as kept:
        kept.add({"after": "a"})
    [path] = home.iterdir()
    with state("verify", keep_hours=1) as kept:
        assert kept.lines()
    os.utime(path, (0, 0))
    with state("verify", keep_hours=1) as kept:
        assert kept.lines() == []
        kept.add({"after": "a"})
    with state("verify", fresh=True) as kept:
        assert kept.lines() == []
        kept.forget()
    assert list(home.iterdir()) == []


def test_two_at_once_are_refused() -> None:
    with state("verify"), pytest.raises(Trouble, match="`loupe archive verify` is under way"), state("verify"):
        pass
    with state("verify"):
        pass
