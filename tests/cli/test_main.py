"""`loupe` itself: light until a slice is called, and at home behind a proxy."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import main
from cli.main import SLICES, app
from cli.proxies import ask_loopback_directly


def test_help_loads_neither_the_sdk_nor_the_detector() -> None:
    program = "import sys, cli.main; print({'boto3', 'cv2', 'ministack', 'requests'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "set()\n"


def test_no_command_starts_what_only_synthesis_needs() -> None:
    names = sorted(f"cli.{path.stem}" for path in Path(main.__file__).parent.glob("*.py") if path.stem != "__main__")
    program = f"import sys; [__import__(name) for name in {names}]; print('jsii' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"


def test_help_names_every_slice_in_the_slices_own_words() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output
    for name, words in SLICES.items():
        assert name in shown
        assert import_module(f"cli.{name.replace('-', '_')}").app.info.help == words


def test_the_version_is_shown() -> None:
    assert CliRunner().invoke(app, ["--version"]).output.strip().count(".") == 2


@pytest.mark.parametrize("proxy", ["http_proxy", "HTTPS_PROXY"])
def test_loopback_is_asked_without_the_proxy(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setattr(os, "environ", {proxy: "http://proxy:3128", "NO_PROXY": "intranet"})
    ask_loopback_directly()
    assert os.environ["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_an_environment_without_a_proxy_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"HOME": "/home/me"})
    ask_loopback_directly()
    assert os.environ == {"HOME": "/home/me"}
