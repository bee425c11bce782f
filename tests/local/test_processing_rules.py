"""Promises of processing jobs' rules, apart from a running engine."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import parameters
from local.faults import Fault, UnknownFault
from local.jobs.layout import Layout
from local.jobs.objects import ChannelFailed, Objects
from local.processing.channels import Channels

HOME = Path("/somewhere/job")


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("/opt/ml", "/somewhere/job/opt/ml"),
        ("/opt/ml/processing/in", "/somewhere/job/opt/ml/processing/in"),
        ("--in=/opt/ml/a", "--in=/somewhere/job/opt/ml/a"),
        ("/opt/ml/a:/opt/ml/b", "/somewhere/job/opt/ml/a:/somewhere/job/opt/ml/b"),
        ("s3://bucket/opt/ml/a", "s3://bucket/opt/ml/a"),
        (
            "cd /opt/ml && ls '/opt/ml/a';cat /opt/ml",
            "cd /somewhere/job/opt/ml && ls '/somewhere/job/opt/ml/a';cat /somewhere/job/opt/ml",
        ),
        ("/opt/mlx", "/opt/mlx"),
        ("/mnt/opt/ml", "/mnt/opt/ml"),
    ],
)
def test_paths_below_opt_ml_are_in_the_jobs_own_folder(text: str, there: str) -> None:
    assert Layout(HOME).moved({"words": [text, 1, None]}) == {"words": [there, 1, None]}


def test_a_message_is_cut_between_characters(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert layout.message() == ""
    file = layout.path("/opt/ml/output/message")
    file.parent.mkdir(parents=True)
    file.write_text("a" + "é" * 600)
    assert layout.message() == "a" + "é" * 511


class Shelf:
    """An S3 with one bucket."""

    def __init__(self, keys: set[str]) -> None:
        self.keys, self.uploaded = keys, dict[str, str]()

    def get_paginator(self, _operation: str) -> "Shelf":
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803  # as boto3 calls it
        found = sorted(key for key in self.keys if key.startswith(Prefix))
        return [{}, {"Contents": [{"Key": key} for key in found]}]

    def download_file(self, _bucket: str, key: str, file: str) -> None:
        Path(file).write_text(key)

    def upload_file(self, file: str, _bucket: str, key: str, ExtraArgs: dict[str, Any]) -> None:  # noqa: N803  # as boto3 calls it
        self.uploaded[key] = Path(file).read_text()


def channels(shelf: Shelf, layout: Layout, *, prefix: str) -> Channels:
    outputs = [{"S3Output": {"S3Uri": "s3://shelf/out/", "LocalPath": "/opt/ml/processing/in"}}]
    detail = {
        "ProcessingInputs": [{"S3Input": {"S3Uri": f"s3://shelf/{prefix}", "LocalPath": "/opt/ml/processing/in"}}],
        "ProcessingOutputConfig": {"Outputs": outputs},
    }
    s3: Any = shelf
    return Channels(detail, layout=layout, objects=Objects(s3, role="role", kms_key=None))


@given(keys=st.sets(st.text("ab", min_size=1, max_size=2).map("{0}/{0}".format), min_size=1))
def test_what_is_brought_in_can_be_taken_out_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, keys: set[str]
) -> None:
    shelf = Shelf({f"data/{key}" for key in keys} | {"data/", "data/a/", "database"})
    both = channels(shelf, Layout(tmp_path_factory.mktemp("job")), prefix="data/")
    both.bring()
    both.take()
    assert shelf.uploaded == {f"out/{key}": f"data/{key}" for key in keys}


@pytest.mark.parametrize(
    ("prefix", "there"),
    [("data/a", ["a", "ab"]), ("data/", ["a", "ab", "b/c"]), ("data", ["a", "ab", "b/c"]), ("data/b/c", ["c"])],
)
def test_a_prefix_is_a_folder_an_object_or_the_beginning_of_names(
    tmp_path: Path, prefix: str, there: list[str]
) -> None:
    layout = Layout(tmp_path)
    channels(Shelf({"data/a", "data/ab", "data/b/c"}), layout, prefix=prefix).bring()
    folder = layout.path("/opt/ml/processing/in")
    assert sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()) == there


def test_a_key_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChannelFailed, match="leads out of the folder"):
        channels(Shelf({"data/../../x"}), Layout(tmp_path), prefix="data/").bring()
    assert not [name for _, _, files in os.walk(tmp_path) for name in files]


@given(st.text("a-", min_size=1, max_size=70))
def test_names_are_those_that_the_sdk_knows(name: str) -> None:
    known = len(name) <= 63 and not name.startswith("-") and not name.endswith("-")
    assert (parameters.broken("sagemaker", "StopProcessingJob", {"ProcessingJobName": name}) == []) is known


def test_a_kill_is_for_the_jobs_of_sagemaker_only() -> None:
    with pytest.raises(UnknownFault, match=r"kill works on sagemaker:Stop.*Job only, not on ecs:StopTask"):
        Fault(action="ecs:StopTask", times=1, effect="kill")
    Fault(action="sagemaker:StopProcessingJob", times=1, effect="expire")
