"""The bundle is what SageMaker's images can run: Python 3.9, their libraries, and no others.

`python3.9 -m venv` with `tests/model_build/managed.txt`, named by LOUPE_MANAGED_PYTHON, is what the last tests ask for.
"""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.model_build_bundle import ARCHIVES, FOLDER, ROOT
from examples import passengers
from tests.model_build.bundles import Repository

FILES = [*sorted((ROOT / FOLDER).glob("*.py")), ROOT / ARCHIVES]
BY_NAME = {path.stem: path for path in FILES}
LIBRARIES = {"numpy", "xgboost"}
SCIKIT_LEARN_HAS_NOT = {"xgboost", "boosting"}
MANAGED = os.environ.get("LOUPE_MANAGED_PYTHON", "")
RUN = """
import sys, pathlib
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import preprocess, train, evaluate, inference, tarfile, json, os
work = Path(sys.argv[2])
os.environ.update(LOUPE_THRESHOLD="0.78", LOUPE_EXECUTION="x", LOUPE_CODE_BUNDLE="s3://b/k")
code = Path(sys.argv[1])
preprocess.preprocess(work / "train", work / "validation", work / "features", code=code)
train.train(work / "features", work / "model", code=code)
with tarfile.open(work / "model.tar.gz", "w:gz") as archive:
    archive.add(work / "model", ".")
evaluate.evaluate(work, work / "features", work, work / "evaluation", code=code)
model = inference.model_fn(str(work / "model"))
asked = inference.input_fn((work / "validation" / "validation.csv").read_bytes(), "text/csv")
print(inference.output_fn(inference.predict_fn(asked, model), "text/csv")[0])
"""


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names}


def reached(name: str) -> set[str]:
    """What a program imports, and what that imports."""
    found: set[str] = set()
    waiting = {name}
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting |= imported(BY_NAME[one]) - found if one in BY_NAME else set()
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_python_of_the_images(path: Path) -> None:
    assert ast.parse(path.read_text(), feature_version=(3, 9)).body


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_imports_what_the_images_have_and_its_neighbours(path: Path) -> None:
    assert imported(path) <= set(sys.stdlib_module_names) | LIBRARIES | set(BY_NAME)


def test_preprocessing_needs_nothing_that_the_scikit_learn_image_has_not() -> None:
    assert not reached("preprocess") & SCIKIT_LEARN_HAS_NOT


def test_nothing_is_to_be_installed_in_a_network_without_a_way_out() -> None:
    assert not (ROOT / FOLDER / "requirements.txt").exists()


@pytest.mark.skipif(not MANAGED, reason="LOUPE_MANAGED_PYTHON names no Python with the images' libraries")
def test_a_build_runs_on_the_images_own_versions(repository: Repository, tmp_path: Path) -> None:
    made = repository.bundle()
    (tmp_path / "pipeline_code.tar.gz").write_bytes(made.body)
    unpack = [MANAGED, ARCHIVES, str(tmp_path / "pipeline_code.tar.gz"), str(tmp_path / "code")]
    subprocess.run(unpack, check=True, cwd=ROOT)
    for table in passengers.write(tmp_path / "tables", 240):
        (tmp_path / table.stem).mkdir()
        table.rename(tmp_path / table.stem / table.name)
    command = [MANAGED, "-W", "error", "-c", RUN, str(tmp_path / "code"), str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env={})
    assert run.stdout.count("\n") > 48
    told = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())
    assert told["versions"]["training"]["python"].startswith("3.9.")
    assert told["versions"]["training"]["xgboost"].startswith("1.7.")
    assert told["metrics"]["accuracy"]["value"] > 0.7
