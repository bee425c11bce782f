"""Bundles whose programs only leave what a drill needs: an evaluation of any kind, in a moment."""

from pathlib import Path

from cli.model_build_bundle import Bundle
from tests.model_build.bundles import Repository

_PREPROCESS = """
import pathlib, sys
out = pathlib.Path(sys.argv[3])
out.mkdir(parents=True, exist_ok=True)
(out / "features.json").write_text("{}")
"""
_TRAIN = """
import os, pathlib
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text("{}")
"""
_EVALUATE = """
import pathlib, sys
out = pathlib.Path(sys.argv[4])
out.mkdir(parents=True, exist_ok=True)
(out / {name!r}).write_text({text!r})
"""


def evaluating(folder: Path, text: str, *, name: str = "evaluation.json") -> Bundle:
    """A bundle whose evaluation is this text, in a file of this name."""
    programs = {"preprocess.py": _PREPROCESS, "train.py": _TRAIN, "evaluate.py": _EVALUATE.format(name=name, text=text)}
    return Repository(folder).write(programs).bundle()
