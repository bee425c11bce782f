"""The synthesized stack on the laptop: a night finds what is damaged and tells, figures are made of what there is."""

import csv
import io
import json
import uuid
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.archive import app
from lambdas.archive.bucket import S3Objects
from lambdas.archive.renewal import Renewal
from lambdas.archive.tree import tree
from local.laptop import Laptop
from loupe.artifacts import open_artifacts
from tests.archive.platform import ENDED, Archive
from tests.permissions import denied, permissions, without
from tests.waiting import eventually, happens

pytestmark = pytest.mark.laptop
UNSEEN = {
    "Metrics sagemaker:DescribeModelPackage": "nothing registers models on the laptop yet",
    "logs:CreateLogDelivery": "the engine keeps no logs and traces of executions",
    "Nights kms:Decrypt": "the engine does not ask for the key of a topic",
    "NightsMachineEvents states:StartExecution": "the schedule is off",
}


@pytest.fixture(scope="module")
def archive(running_laptop: Laptop) -> Archive:
    return Archive(running_laptop)


@pytest.fixture(scope="module")
def model(archive: Archive) -> str:
    """The key of a model that the manifest has."""
    key = f"models/student-{uuid.uuid4().hex[:8]}/v2.0/student.onnx"
    archive.put(key, b"weights and biases")
    write_manifest(archive)
    return key


@pytest.fixture
def flipped(archive: Archive, model: str) -> Iterator[str]:
    """The model with a flipped byte, for a while."""
    archive.put(model, b"weights end biases")
    yield model
    archive.put(model, b"weights and biases")


def write_manifest(archive: Archive) -> None:
    url = f"s3://{archive.project}"
    with Renewal(S3Objects(url, archive.s3), open_artifacts(url, archive.s3), tree()) as renewal:
        list(renewal.entries())
        renewal.publish(accept=True)


def test_a_night_finds_a_flipped_byte_and_tells(archive: Archive, flipped: str) -> None:
    denials = archive.laptop.denials()
    report = archive.night()
    [damage] = [one for one in report["damage"] if one["key"] == flipped]
    assert damage["kind"] == "altered"
    assert damage["expected"]["sha256"] != damage["found"]["sha256"]
    [told] = [one for one in archive.told() if flipped in {first["key"] for first in one["first"]}]
    assert told["date"] == report["date"]
    assert archive.laptop.denials() == denials


def test_a_night_goes_on_in_legs_and_finds_nothing_wrong_with_what_is_right(archive: Archive, model: str) -> None:
    report = archive.night()
    assert model not in {one["key"] for one in report["damage"]}
    assert report["legs"] > 1
    assert report["rests_on"]


@pytest.mark.usefixtures("model")
def test_a_night_that_is_asked_to_reads_all_bytes(archive: Archive) -> None:
    report = archive.night(read_all=True)
    assert report["bytes_read"] > 0
    assert set(report["rests_on"]) == {"read"}


def test_a_night_that_fails_is_told(archive: Archive) -> None:
    execution = archive.begin(read_all="perhaps")
    eventually(lambda: archive.status(execution) in ENDED)
    assert archive.status(execution) == "FAILED"
    [told] = [one for one in archive.told() if one["report"] == execution]
    assert "data.read_all must be boolean" in told["reason"]


@pytest.fixture(scope="module")
def run(archive: Archive) -> str:
    """The id of runs that other slices have left."""
    run = uuid.uuid4().hex[:8]
    archive.put(f"ocr/letters/{run}/run.json", b"{}", bucket=archive.results)
    archive.put(f"ocr/letters/{run}/manifest.json", b'{"rows": 700}', bucket=archive.results)
    archive.put(f"plates/birds/reports/run-{run}/shard-0-of-1.begun", b"")
    archive.put(f"plates/birds/reports/run-{run}/shard-0-of-1.json", b'{"plates_processed": 44}')
    card = {"metrics": {"top_1": 0.962}, "made_from": ["data/processed/"]}
    archive.put(f"models/cards-{run}/v1/model.json", json.dumps(card).encode())
    return run


def test_figures_are_made_of_what_the_slices_have_left(archive: Archive, run: str) -> None:
    denials = archive.laptop.denials()
    summary = archive.measure()
    assert archive.laptop.denials() == denials
    assert summary["cost"]["per_1000_inputs"]["ocr"]["inputs"] >= 700
    assert summary["cost"]["per_1000_inputs"]["plate_runs"]["inputs"] >= 44
    assert sorted(archive.keys("analytics/metrics/")) == sorted(tree().place("metrics").keys)
    written = json.loads(archive.read("analytics/metrics/summary.json"))
    assert written == summary
    assert any(row["model"] == f"cards-{run}" for row in table(archive, "model_performance.csv"))
    counted = sum(int(row["objects"]) for row in table(archive, "storage_metrics.csv"))
    assert counted == summary["storage"]["objects"] > 0


@pytest.mark.usefixtures("run")
def test_the_command_makes_figures_and_brings_them(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOUPE_HOME", str(archive.laptop.home))
    shown = CliRunner().invoke(app, ["metrics", "--now", "--out", str(tmp_path / "figures")])
    assert shown.exit_code == 0, shown.output
    assert "plate_runs" in shown.output
    keys = tree().place("metrics").keys
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {key.rpartition("/")[2] for key in keys}


def table(archive: Archive, name: str) -> list[dict[str, str]]:
    text = archive.read(f"analytics/metrics/{name}").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_family_of_models_has_a_group_to_be_registered_in(archive: Archive) -> None:
    sagemaker = archive.laptop.client("sagemaker")
    for group in archive.parameter("archive/model-groups").split(","):
        assert sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]


@pytest.mark.denies
@pytest.mark.usefixtures("flipped", "run")
@pytest.mark.parametrize(("role", "actions"), permissions("Archive", unseen=UNSEEN))
def test_a_missing_permission_is_named_with_its_action_and_resource(
    archive: Archive, role: str, actions: list[str]
) -> None:
    before = archive.laptop.denials()
    with without(archive.laptop, "archive", role, actions), archive.acting(role):
        assert happens(lambda: denied(archive.laptop, before), 60)
        denial = next(iter(archive.laptop.last_denials()[-1:]))
    assert role in denial["principal"]
    assert any(fnmatch(denial["action"], action) for action in actions)
    assert denial["resource"]
