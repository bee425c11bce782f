"""From tables to an evaluation, program by program, as a pipeline runs them."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import boosting
import evaluate
import inference
import preprocess
import provenance
import train
from loupe import archives, contracts
from refusals import Refused
from tests.model_build.bundles import Repository

TOLD = {"LOUPE_THRESHOLD": "0.78", "LOUPE_EXECUTION": "4r83jejmhorv", "LOUPE_CODE_BUNDLE": "s3://project/code.tar.gz"}


class Build:
    """The folders of one execution; each program finds its own as SageMaker lays them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bundle, self.code = folder, folder / "bundle", folder / "code"
        self.arrays, self.model, self.out = folder / "features", folder / "model", folder / "evaluation"

    def bring(self, archive: bytes, tables: tuple[Path, Path]) -> None:
        """What a pipeline downloads."""
        self.bundle.mkdir(parents=True)
        (self.bundle / evaluate.BUNDLE).write_bytes(archive)
        archives.unpack(self.bundle / evaluate.BUNDLE, self.code)
        for table in tables:
            (self.folder / table.stem).mkdir()
            shutil.copy(table, self.folder / table.stem)

    def preprocess(self) -> None:
        preprocess.preprocess(self.folder / "train", self.folder / "validation", self.arrays, code=self.code)

    def train(self) -> None:
        train.train(self.arrays, self.model, code=self.code)

    def pack(self) -> None:
        """What SageMaker makes of the model's folder."""
        (self.folder / "archive").mkdir(exist_ok=True)
        with tarfile.open(self.folder / "archive" / evaluate.MODEL, "w:gz") as archive:
            archive.add(self.model, ".")

    def evaluate(self) -> dict[str, Any]:
        evaluate.evaluate(self.folder / "archive", self.arrays, self.bundle, self.out, code=self.code)
        found = json.loads((self.out / evaluate.RESULT).read_text())
        return dict(contracts.check("model_build/evaluation", found))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Repository(tmp_path_factory.mktemp("repository") / "here").bundle().body


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, archive: bytes, tables: tuple[Path, Path]) -> Build:
    """A build up to its model."""
    build = Build(tmp_path_factory.mktemp("trained"))
    build.bring(archive, tables)
    build.preprocess()
    build.train()
    build.pack()
    return build


@pytest.fixture
def build(tmp_path: Path, trained: Build, monkeypatch: pytest.MonkeyPatch) -> Build:
    """The same, for a test to spoil."""
    shutil.copytree(trained.folder, tmp_path / "build")
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    return Build(tmp_path / "build")


def rewrite(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    told = json.loads(file.read_text())
    change(told)
    file.write_text(json.dumps(told))


def test_an_evaluation_says_how_good_a_model_is_and_what_it_was_made_from(
    build: Build, tables: tuple[Path, Path]
) -> None:
    told = build.evaluate()
    assert told["metrics"]["accuracy"]["value"] > 0.7
    assert told["rows"] == told["inputs"]["validation"]["rows"] == 48
    assert told["bundle"]["sha256"] == provenance.sha256_of(build.bundle / evaluate.BUNDLE)
    assert told["model"]["sha256"] == provenance.sha256_of(build.model / boosting.FILE)
    assert told["model"]["archive_sha256"] == provenance.sha256_of(build.folder / "archive" / evaluate.MODEL)
    assert [told["inputs"][table.stem]["sha256"] for table in tables] == [*map(provenance.sha256_of, tables)]


def test_the_report_draws_curves_and_fetches_nothing(build: Build) -> None:
    told = build.evaluate()
    page = (build.out / evaluate.REPORT).read_text()
    assert page.count("<svg") == 3
    assert page.count("<polyline") == 5
    for number in (*told["confusion"].values(), told["model"]["sha256"], f"{told['metrics']['auc']['value']:.3f}"):
        assert str(number) in page
    assert not any(word in page for word in ("http", "src=", "href=", "@import", "url("))


def test_the_same_tables_and_code_make_the_same_model_byte_by_byte(build: Build, tmp_path: Path) -> None:
    first = (build.model / boosting.FILE).read_bytes()
    again = Build(build.folder)
    again.arrays, again.model = tmp_path / "arrays", tmp_path / "model"
    again.preprocess()
    again.train()
    assert (again.model / boosting.FILE).read_bytes() == first
    assert {path.name: path.read_bytes() for path in again.arrays.iterdir()} == {
        path.name: path.read_bytes() for path in build.arrays.iterdir()
    }


def test_a_registered_model_answers_with_its_own_code_what_the_evaluation_saw(build: Build, tmp_path: Path) -> None:
    archives.unpack(build.folder / "archive" / evaluate.MODEL, tmp_path / "served")
    asked = (build.folder / "validation" / "validation.csv").read_bytes()
    program = (
        "import sys, inference as i; m = i.model_fn(sys.argv[1]);"
        "print(i.output_fn(i.predict_fn(i.input_fn(sys.stdin.buffer.read(), 'text/csv'), m), 'application/json')[0])"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "served")]
    answer = subprocess.run(words, input=asked, capture_output=True, check=True, cwd=tmp_path / "served" / "code")
    said = [one["Survived"] for one in json.loads(answer.stdout)["predictions"]]
    known = np.load(build.arrays / "validation_outcomes.npy").tolist()
    hits = sum(one == other for one, other in zip(said, known, strict=True))
    assert hits / len(known) == build.evaluate()["metrics"]["accuracy"]["value"]


def test_csv_and_json_are_answered_alike_and_other_types_refused(build: Build) -> None:
    model = inference.model_fn(str(build.model))
    one = {"PassengerId": "x", "Pclass": 1, "Name": "Abel, Mrs. Ada", "Sex": "female", "Age": None, "SibSp": 0}
    one |= {"Parch": 0, "Ticket": "1", "Fare": 80.5, "Cabin": "", "Embarked": "S"}
    table = f'{",".join(one)}\nx,1,"Abel, Mrs. Ada",female,,0,0,1,80.5,,S\n'
    asked = [("text/csv; charset=utf-8", table), ("application/json", json.dumps({"passengers": [one]}))]
    by_csv, by_json = (inference.predict_fn(inference.input_fn(text, kind), model) for kind, text in asked)
    assert by_csv == by_json
    assert inference.output_fn(by_csv, "text/csv")[0].startswith("PassengerId,Survived,probability\nx,1,0.")
    with pytest.raises(Refused, match="image/png is not taken"):
        inference.input_fn(b"", "image/png")
    for text in ("[]", "{", '{"passengers": [1]}'):
        with pytest.raises(Refused, match="The request"):
            inference.input_fn(text, "application/json")


def test_a_program_that_is_not_the_bundles_is_refused(build: Build) -> None:
    (build.code / "judgement.py").write_text("# everybody is right")
    for program in (build.preprocess, build.train, build.evaluate):
        with pytest.raises(Refused, match=r"judgement\.py of the code bundle has the SHA-256"):
            program()
    (build.code / "judgement.py").unlink()
    with pytest.raises(Refused, match=r"lacks judgement\.py"):
        build.preprocess()
    (build.code / provenance.BUNDLE).unlink()
    with pytest.raises(Refused, match=r"no bundle\.json"):
        build.preprocess()


def test_a_model_of_another_bundle_or_of_other_features_is_not_judged(build: Build) -> None:
    rewrite(build.model / provenance.RECORD, lambda told: told["bundle"].update(sha256_of_list="0" * 64))
    build.pack()
    with pytest.raises(Refused, match="trained by the bundle of"):
        build.evaluate()
    build.train()
    rewrite(build.arrays / "features.json", lambda told: told.update(version=7))
    build.pack()
    with pytest.raises(Refused, match="trained on other features"):
        build.evaluate()


def test_a_model_that_was_changed_or_is_none_is_not_judged(build: Build) -> None:
    (build.model / boosting.FILE).write_text("{}")
    build.pack()
    with pytest.raises(Refused, match="is not the model"):
        build.evaluate()
    (build.model / provenance.RECORD).unlink()
    build.pack()
    with pytest.raises(Refused, match=r"has no training\.json"):
        build.evaluate()
    (build.folder / "archive" / evaluate.MODEL).write_bytes(b"nothing")
    with pytest.raises(Refused, match="cannot be unpacked"):
        build.evaluate()


def test_a_number_that_is_none_leaves_no_evaluation(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosting, "probabilities", lambda *_: np.full(48, np.nan))
    with pytest.raises(Refused, match="not a number"):
        build.evaluate()
    assert not (build.out / evaluate.RESULT).exists()
    with pytest.raises(Refused, match=r"told\.json would hold a number that is none"):
        provenance.write_json(build.folder / "told.json", {"accuracy": float("nan")})


@pytest.mark.parametrize("name", ["train", "validation"])
def test_an_empty_table_ends_the_build_at_once(build: Build, name: str) -> None:
    table = build.folder / name / f"{name}.csv"
    table.write_text(table.read_text().splitlines()[0] + "\n")
    with pytest.raises(Refused, match=rf"{name}\.csv: there are no rows"):
        build.preprocess()


def test_a_passenger_in_both_tables_is_refused(build: Build) -> None:
    shutil.copy(build.folder / "train" / "train.csv", build.folder / "validation" / "validation.csv")
    with pytest.raises(Refused, match="is in both tables"):
        build.preprocess()


def test_a_second_table_whose_key_begins_alike_is_refused(build: Build) -> None:
    (build.folder / "train" / "train.csv.bak").write_text("")
    with pytest.raises(Refused, match=r"train\.csv, train\.csv\.bak"):
        build.preprocess()


@pytest.mark.parametrize("variable", ["LOUPE_EXIT_MESSAGE", "SM_OUTPUT_DIR"])
def test_a_reason_is_left_where_sagemaker_looks_for_it(build: Build, variable: str) -> None:
    (build.folder / "validation" / "validation.csv").write_bytes(b"\xff\xfe")
    place = build.folder / "output" / "failure"
    told = {variable: str(place if variable == "LOUPE_EXIT_MESSAGE" else place.parent)}
    words = [sys.executable, "preprocess.py", *(str(build.folder / name) for name in ("train", "validation", "out"))]
    run = subprocess.run(words, cwd=build.code, env={**os.environ, **told}, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert place.read_text() == run.stderr.strip() == "validation.csv: byte 0 is not UTF-8."
