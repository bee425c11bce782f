"""The deployed definition on the laptop: a model is registered if it earned it, from exactly what it says."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from cli.model_build_pipeline import Execution, Step
from examples import passengers
from tests.model_build.bundles import Repository
from tests.model_build.drills import evaluating
from tests.model_build.platform import Builds
from tests.waiting import eventually

pytestmark = pytest.mark.laptop
Tables = tuple[Path, Path]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("here") / "repository")


@pytest.fixture(scope="module")
def whole(builds: Builds, here: Repository, tables: Tables) -> tuple[Execution, dict[str, Step]]:
    """An execution of all the programs, and its steps."""
    denials = builds.laptop.status().denials
    execution, steps = builds.run(here.bundle(), *tables, AccuracyThreshold="0.7")
    assert execution.state == "Succeeded", execution.reason
    assert builds.laptop.status().denials == denials
    return execution, steps


def metrics(accuracy: str) -> str:
    return f'{{"metrics": {{"accuracy": {{"value": {accuracy}}}}}}}'


def test_a_model_that_earned_it_is_registered_and_everybody_can_say_from_what(
    builds: Builds, here: Repository, whole: tuple[Execution, dict[str, Step]]
) -> None:
    execution, steps = whole
    assert {name: step.state for name, step in steps.items() if name != "AccuracyTooLow"} == dict.fromkeys(
        ("DataPreProcessing", "TrainModel", "ModelEvaluation", "QualityGate", "RegisterModel"), "Succeeded"
    )
    lineage = builds.versions.lineage(steps["RegisterModel"].said.removeprefix("version "))
    assert lineage.approval == "PendingManualApproval"
    assert lineage.evaluation == builds.evaluation(execution)
    assert lineage.evaluation["bundle"]["commit"] == here.bundle().commit
    assert lineage.evaluation["bundle"]["sha256"] == here.bundle().sha256
    assert lineage.evaluation["execution"] == execution.id
    assert lineage.package["CustomerMetadataProperties"]["execution"] == execution.arn
    assert lineage.changed == []
    assert "ModelEvaluation/evaluation/report.html" in builds.keys(execution)
    eventually(lambda: builds.told(execution.arn) == ["Succeeded"])


def test_a_verdict_is_kept_with_the_version_and_told(builds: Builds, tmp_path: Path, tables: Tables) -> None:
    _, steps = builds.run(evaluating(tmp_path / "drill", metrics("0.9")), *tables)
    version = steps["RegisterModel"].said.removeprefix("version ")
    arn = builds.versions.judge(version, "Approved", "as good as the last one")
    eventually(lambda: builds.told(arn) == ["Approved"])
    builds.versions.judge(version, "Rejected", "the table was shifted")
    eventually(lambda: builds.told(arn) == ["Approved", "Rejected"])
    told = builds.laptop.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert (told["ModelApprovalStatus"], told["ApprovalDescription"]) == ("Rejected", "the table was shifted")


def test_every_step_runs_the_code_of_its_executions_bundle(
    builds: Builds, tables: Tables, tmp_path: Path, whole: tuple[Execution, dict[str, Step]]
) -> None:
    changes = {
        "features.py": ("VERSION = 1", "VERSION = 2"),
        "boosting.py": ("ROUNDS = 200", "ROUNDS = 7"),
        "evaluate.py": ('"cut": boosting.CUT', '"cut": boosting.CUT + 0.25'),
    }
    other = Repository(tmp_path / "other").replace(changes)
    execution, _ = builds.run(other.bundle(), *tables, AccuracyThreshold="0")
    assert execution.state == "Succeeded", execution.reason
    assert traces(builds, whole[0]) == (1, 200, 0.5)
    assert traces(builds, execution) == (2, 7, 0.75)


def traces(builds: Builds, execution: Execution) -> tuple[int, int, float]:
    """What preprocessing, training and evaluation have left of the code that they ran."""
    features = json.loads(builds.read(execution, "DataPreProcessing/features/features.json"))
    [archive] = [key for key in builds.keys(execution) if key.endswith("/output/model.tar.gz")]
    with tarfile.open(fileobj=io.BytesIO(builds.read(execution, archive))) as model:
        [record] = [one for one in model.getmembers() if one.name.endswith("training.json")]
        content = model.extractfile(record)
        assert content
        rounds = json.load(content)["parameters"]["rounds"]
    return features["version"], rounds, builds.evaluation(execution)["cut"]


def test_two_executions_at_once_never_touch_each_other(
    builds: Builds, here: Repository, tmp_path: Path, tables: Tables, whole: tuple[Execution, dict[str, Step]]
) -> None:
    others = passengers.write(tmp_path, 200, seed=1)
    arns = [builds.start(here.bundle(), *given, AccuracyThreshold="0") for given in (tables, others)]
    ended = [builds.ended(arn)[0] for arn in arns]
    told = [builds.evaluation(execution) for execution in ended]
    assert [one["execution"] for one in told] == [execution.id for execution in ended]
    assert told[0]["inputs"] != told[1]["inputs"]
    alone = builds.evaluation(whole[0])
    for name in ("metrics", "confusion", "inputs"):
        assert told[0][name] == alone[name] != told[1][name]
    assert told[0]["model"]["sha256"] == alone["model"]["sha256"] != told[1]["model"]["sha256"]


@pytest.mark.parametrize("accuracy", ["0.78", "1"])
def test_a_model_at_the_threshold_or_above_is_registered(
    builds: Builds, tmp_path: Path, tables: Tables, accuracy: str
) -> None:
    execution, steps = builds.run(evaluating(tmp_path / "drill", metrics(accuracy)), *tables)
    assert (execution.state, steps["RegisterModel"].state) == ("Succeeded", "Succeeded")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (metrics("0.7799"), "its accuracy is 0.7799 and must be at least 0.78"),
        (metrics("NaN"), "NaN"),
        (metrics("null"), "None is neither a number"),
        (metrics('"0.99"'), "0.99"),
        ("{}", "accuracy"),
        ("accurate", "evaluation.json"),
    ],
    ids=["below", "nan", "null", "text", "missing metric", "no json"],
)
def test_a_model_without_a_number_that_is_high_enough_is_not_registered_and_it_is_said_why(
    builds: Builds, tmp_path: Path, tables: Tables, text: str, reason: str
) -> None:
    before = builds.versions.all()
    execution, steps = builds.run(evaluating(tmp_path / "drill", text), *tables)
    assert (execution.state, steps["RegisterModel"].state) == ("Failed", "NotRun")
    assert reason in execution.reason
    assert builds.versions.all() == before
    eventually(lambda: builds.told(execution.arn) == ["Failed"])


def test_a_model_without_an_evaluation_is_not_registered(builds: Builds, tmp_path: Path, tables: Tables) -> None:
    execution, steps = builds.run(evaluating(tmp_path / "drill", metrics("0.99"), name="other.json"), *tables)
    assert (execution.state, steps["RegisterModel"].state) == ("Failed", "NotRun")
    assert "evaluation.json" in execution.reason


def test_an_empty_validation_table_fails_the_execution_with_its_name(
    builds: Builds, here: Repository, tables: Tables, tmp_path: Path
) -> None:
    (tmp_path / "validation.csv").write_text(tables[1].read_text().splitlines()[0] + "\n")
    execution, steps = builds.run(here.bundle(), tables[0], tmp_path / "validation.csv")
    assert (execution.state, steps["TrainModel"].state) == ("Failed", "NotRun")
    assert "validation.csv: there are no rows below the header" in steps["DataPreProcessing"].said


def test_a_bundle_with_a_link_in_it_is_refused_by_the_step(builds: Builds, here: Repository, tables: Tables) -> None:
    body = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(here.bundle().body)) as good, tarfile.open(fileobj=body, mode="w:gz") as bad:
        for member in good.getmembers():
            bad.addfile(member, good.extractfile(member))
        link = tarfile.TarInfo("secrets.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        bad.addfile(link)
    spoiled = type(here.bundle())(commit="0" * 40, body=body.getvalue())
    execution, steps = builds.run(spoiled, *tables)
    assert execution.state == "Failed"
    assert "'secrets.py' is no plain file" in steps["DataPreProcessing"].said


def test_tables_that_changed_are_prepared_anew_and_others_are_not(
    builds: Builds, tmp_path: Path, tables: Tables
) -> None:
    bundle = evaluating(tmp_path / "drill", metrics("0.9"))
    first = builds.start(bundle, *tables, InputVersions="one")
    builds.ended(first)
    parameters = builds.pipeline.client.list_pipeline_parameters_for_execution(PipelineExecutionArn=first)
    same = {one["Name"]: one["Value"] for one in parameters["PipelineParameters"]}
    for versions, said in (("one", f"as in {first.rpartition('/')[2]}"), ("two", "")):
        arn = builds.pipeline.start({**same, "InputVersions": versions}, commit=bundle.commit)
        assert builds.ended(arn)[1]["DataPreProcessing"].said == said
