"""`loupe model-build` on the laptop: what is missing is told before anything begins; what was made can be traced."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import model_build, model_build_bundle, model_build_check, model_build_project
from cli.model_build_bundle import bundle
from cli.model_build_drawing import drawn
from cli.model_build_pipeline import Execution, Step
from cli.trouble import Trouble
from tests.model_build.bundles import Repository
from tests.model_build.drills import evaluating
from tests.model_build.platform import Builds

pytestmark = pytest.mark.laptop
Command = Callable[..., Result]


@pytest.fixture
def loupe(builds: Builds, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, run in the test's repository against the test's laptop."""
    monkeypatch.setattr(model_build, "account", lambda _env: builds.account)
    for module in (model_build, model_build_check, model_build_project):
        monkeypatch.setattr(module, "bundle", lambda revision=None: bundle(revision, repository=repository.folder))

    def run(*words: str) -> Result:
        return CliRunner().invoke(model_build.app, words, catch_exceptions=True)

    return run


def test_a_check_has_a_line_for_each_thing_that_is_amiss(loupe: Command, repository: Repository) -> None:
    (repository.code / "train.py").write_text("# changed")
    run = loupe("check", "--train", "s3://nowhere/train.csv", "--validation", "s3://nowhere/validation.csv")
    assert run.exit_code == 1
    amiss = {line.split()[1]: line for line in run.stdout.splitlines() if line.startswith("amiss")}
    assert set(amiss) == {"train:", "validation:", "bundle:", "published:"}
    assert "s3://nowhere/train.csv" in amiss["train:"]
    assert "containers/model_build/train.py" in amiss["bundle:"]
    assert all(line.startswith("well") for line in run.stdout.splitlines() if line not in amiss.values())


def test_a_start_that_would_fail_does_not_begin(loupe: Command, builds: Builds) -> None:
    before = len(builds.pipeline.executions())
    run = loupe("start", "--validation", "s3://nowhere/validation.csv")
    assert isinstance(run.exception, Trouble)
    assert "published: There is no s3://" in str(run.exception)
    assert "validation: There is no s3://nowhere/validation.csv" in str(run.exception)
    assert len(builds.pipeline.executions()) == before


def test_from_a_commit_to_a_version_that_is_approved_and_what_has_changed_since(
    loupe: Command, repository: Repository, tables: tuple[Path, Path], tmp_path: Path
) -> None:
    published = loupe("publish", "--train", str(tables[0]), "--validation", str(tables[1]))
    assert published.stdout.startswith(repository.bundle().sha256)
    assert loupe("check").exit_code == 0, loupe("check").stdout
    run = loupe("start", "--threshold", "0.5", "--wait", "--json")
    told = json.loads(run.stdout)
    assert (run.exit_code, told["state"]) == (0, "Succeeded")
    assert told["commit"] == repository.bundle().commit[:12]
    shown = loupe("status", told["execution"]).stdout
    assert "RegisterModel  succeeded" in shown
    assert "AccuracyTooLow  not run" in shown
    said = {step["name"]: step["said"] for step in told["steps"]}
    version = said["RegisterModel"].removeprefix("version ")
    assert loupe("approve", version, "--note", "well").stdout.strip().endswith(f"/{version}")
    lines = loupe("lineage", version).stdout
    assert f"{version} (Approved)" in lines
    for word in (repository.bundle().commit, repository.bundle().sha256, told["execution"]):
        assert word in lines
    everything = json.loads(loupe("status", "--json").stdout)
    assert everything["executions"][0]["execution"] == told["execution"]
    assert everything["versions"][0]["approval"] == "Approved"
    (tmp_path / "train.csv").write_text(tables[0].read_text() + "\n")
    loupe("publish", "--train", str(tmp_path / "train.csv"))
    assert "data/curated/train.csv has other bytes today." in loupe("lineage", version).stdout
    shown = json.loads(loupe("lineage", version, "--json").stdout)
    assert shown["changed"] == [shown["properties"]["input_train"]]


def test_an_execution_that_failed_says_why_and_ends_with_1(
    loupe: Command, builds: Builds, tmp_path: Path, tables: tuple[Path, Path]
) -> None:
    bundle = evaluating(tmp_path / "drill", '{"metrics": {"accuracy": {"value": 0.5}}}')
    execution, _ = builds.run(bundle, *tables)
    run = loupe("status", execution.id)
    assert run.exit_code == 1
    assert "its accuracy is 0.5 and must be at least 0.78" in run.stdout
    listed = json.loads(loupe("status", "--json").stdout)["executions"][0]
    assert listed["reason"].startswith("AccuracyTooLow: The model is not registered")


def test_versions_and_executions_that_there_are_not_are_named(loupe: Command) -> None:
    assert "has no version 4711" in str(loupe("approve", "4711").exception)
    assert "execution/nothing" in str(loupe("status", "nothing").exception)


def test_a_bundle_is_written_whole_and_not_over_another(loupe: Command, repository: Repository, tmp_path: Path) -> None:
    target = tmp_path / model_build_bundle.NAME
    assert loupe("bundle", "--out", str(target)).exit_code == 0
    assert target.read_bytes() == repository.bundle().body
    assert "exists" in str(loupe("bundle", "--out", str(target)).exception)


def test_words_of_strangers_do_not_command_the_terminal(builds: Builds) -> None:
    execution = builds.pipeline.executions()[0]
    tree = drawn(
        Execution(**{**vars(execution), "state": "Failed"}), [Step(name="[red]x", after=None, said="\x1b[2J[bold]no")]
    )
    assert "\x1b" not in str(tree.children[0].label)
    assert r"\[bold]no" in str(tree.children[0].label)
