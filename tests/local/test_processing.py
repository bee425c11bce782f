"""Promises of SageMaker Processing jobs on the laptop."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import wire
from local.laptop import Laptop
from tests.local.assemblies import REGISTRY
from tests.local.house import kill
from tests.local.processing_house import ProcessingHouse, processing_house

pytestmark = pytest.mark.laptop
CONFIG = "/opt/ml/config/processingjobconfig.json"
LOST = "InternalServerError: We encountered an internal error. Please try again."


def test_the_exit_code_of_the_program_decides_how_a_job_ends(processing: ProcessingHouse) -> None:
    well, badly = processing.ended(processing.create("exit", "0")), processing.ended(processing.create("exit", "3"))
    assert (well["ProcessingJobStatus"], well.get("FailureReason")) == ("Completed", None)
    assert badly["ProcessingJobStatus"] == "Failed"
    assert badly["FailureReason"] == "AlgorithmError: , exit code: 3"
    assert well["CreationTime"] <= well["ProcessingStartTime"] <= well["ProcessingEndTime"]


@pytest.mark.parametrize(("code", "status"), [("0", "Completed"), ("1", "Failed")])
def test_the_first_kilobyte_of_the_programs_message_is_told(
    processing: ProcessingHouse, code: str, status: str
) -> None:
    job = processing.ended(
        processing.create("say", code, "é", "700", Environment={"MESSAGE": "/opt/ml/output/message"})
    )
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == (status, "é" * 512)
    assert job.get("FailureReason", "").endswith({"0": "", "1": ", exit code: 1"}[code])


@pytest.mark.parametrize("distribution", ["FullyReplicated", "ShardedByS3Key"])
def test_inputs_are_there_before_the_program_and_outputs_after_it(
    processing: ProcessingHouse, distribution: str
) -> None:
    processing.put(in_a="one", in_deep_b="two", inside="not below the prefix")
    name = processing.create(
        "shout",
        "/opt/ml/processing/input",
        "/opt/ml/processing/output",
        ProcessingInputs=processing.source("in/", S3DataDistributionType=distribution),
        ProcessingOutputConfig=processing.target(f"{distribution}/out"),
    )
    assert processing.ended(name)["ProcessingJobStatus"] == "Completed"
    assert processing.texts(f"{distribution}/out/") == {"a": "ONE", "deep/b": "TWO"}


def test_an_input_may_be_one_object_or_a_folder_without_its_slash(processing: ProcessingHouse) -> None:
    processing.put(case_a="one", case_b="two")
    for place, there in (("case/a", {"a": "ONE"}), ("case", {"a": "ONE", "b": "TWO"})):
        words = ("shout", "/opt/ml/processing/input", "/opt/ml/processing/output")
        output = processing.target(f"{len(there)}-found/")
        processing.ended(
            processing.create(*words, ProcessingInputs=processing.source(place), ProcessingOutputConfig=output)
        )
        assert processing.texts(f"{len(there)}-found/") == there


def test_a_failed_job_leaves_no_output(processing: ProcessingHouse) -> None:
    words = ("say", "1", "half", "1")
    asked: dict[str, Any] = {
        "Environment": {"MESSAGE": "/opt/ml/processing/output/half"},
        "ProcessingOutputConfig": processing.target("n"),
    }
    assert processing.ended(processing.create(*words, **asked))["ProcessingJobStatus"] == "Failed"
    assert processing.texts("n") == {}


def test_a_program_finds_its_paths_and_its_job_and_acts_as_its_role(
    processing: ProcessingHouse, tmp_path: Path
) -> None:
    file, output = tmp_path / "told", "s3://bucket/opt/ml/processing"
    name = processing.create(
        "keep", str(file), CONFIG, Environment={"GREETING": "hi", "OUT": output, "IN": "/opt/ml/x"}
    )
    arn = processing.ended(name)["ProcessingJobArn"]
    told = json.loads(file.read_text())
    given, config = told["environment"], told["config"]
    assert (given["GREETING"], given["OUT"], given["AWS_REGION"]) == ("hi", output, "us-east-1")
    assert given["IN"].endswith(f"/processing/{name}/opt/ml/x")
    assert not Path(given["IN"]).parent.exists()
    assert (config["ProcessingJobArn"], config["ProcessingJobName"]) == (arn, name)
    assert config["AppSpecification"]["ContainerArguments"] == told["argv"]
    key, secret, token = (given[f"AWS_{part}"] for part in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    sts = boto3.Session(key, secret, token, "us-east-1").client("sts", endpoint_url=given["AWS_ENDPOINT_URL"])
    assert f"assumed-role/{processing.ids['JobRole']}/" in sts.get_caller_identity()["Arn"]


def test_a_program_without_network_has_no_access_to_aws(processing: ProcessingHouse, tmp_path: Path) -> None:
    file = tmp_path / "told"
    processing.ended(processing.create("keep", str(file), CONFIG, NetworkConfig={"EnableNetworkIsolation": True}))
    assert not [name for name in json.loads(file.read_text())["environment"] if name.startswith("AWS_")]


def test_a_jobs_own_entry_point_replaces_that_of_its_image(processing: ProcessingHouse) -> None:
    entrypoint = ["python", "-c", "import sys; print(sys.argv[1:])"]
    application = {"ImageUri": f"{REGISTRY}:program", "ContainerEntrypoint": entrypoint}
    alone = processing.create(AppSpecification=application)
    joined = processing.create(AppSpecification={**application, "ContainerArguments": ["a", "b"]})
    for name, said in ((alone, "[]"), (joined, "['a', 'b']")):
        assert processing.ended(name)["ProcessingJobStatus"] == "Completed"
        assert processing.lines(name) == [said]


def test_a_job_is_described_and_listed_as_it_was_asked_for(processing: ProcessingHouse) -> None:
    ask = processing.ask("exit", "0", ProcessingJobName="Listed-1", Environment={"SHARD": "0/3"})
    processing.sagemaker.create_processing_job(**ask)
    processing.create("exit", "1", ProcessingJobName="Listed-2")
    job = processing.ended("listed-1")
    processing.ended("Listed-2")
    assert {name: job[name] for name in ask} == ask
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert job["ProcessingJobArn"] == "arn:aws:sagemaker:us-east-1:000000000000:processing-job/listed-1"

    def listed(**more: Any) -> list[str]:
        found = processing.sagemaker.list_processing_jobs(NameContains="Listed", **more)["ProcessingJobSummaries"]
        return [one["ProcessingJobName"] for one in found]

    assert listed() == ["Listed-2", "Listed-1"]
    assert listed(StatusEquals="Failed") == ["Listed-2"]
    assert listed(SortBy="Name", SortOrder="Ascending", MaxResults=1) == ["Listed-1"]
    tomorrow = job["CreationTime"] + timedelta(days=1)
    for name in ("CreationTime", "LastModifiedTime"):
        assert listed(**{f"{name}Before": tomorrow}) == ["Listed-2", "Listed-1"]
        assert listed(**{f"{name}After": tomorrow}) == []
    first = processing.sagemaker.list_processing_jobs(NameContains="Listed", MaxResults=1)
    rest = processing.sagemaker.list_processing_jobs(NameContains="Listed", NextToken=first["NextToken"])
    assert [one["ProcessingJobName"] for one in rest["ProcessingJobSummaries"]] == ["Listed-1"]


def test_tags_are_kept(processing: ProcessingHouse) -> None:
    name = processing.create("exit", "0", Tags=[{"Key": "project", "Value": "loupe"}])
    arn = processing.ended(name)["ProcessingJobArn"]
    processing.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "me"}])
    tags = processing.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert {one["Key"]: one["Value"] for one in tags} == {"project": "loupe", "owner": "me"}


def test_every_change_of_state_is_an_event(processing: ProcessingHouse) -> None:
    name = processing.create("wait", "0", Tags=[{"Key": "project", "Value": "loupe"}])
    processing.ready(name)
    processing.sagemaker.stop_processing_job(ProcessingJobName=name)
    events = processing.told(name, last="Stopped")
    assert [event["detail"]["ProcessingJobStatus"] for event in events] == ["InProgress", "Stopping", "Stopped"]
    last, job = events[-1], processing.job(name)
    assert (last["source"], last["detail-type"]) == ("aws.sagemaker", "SageMaker Processing Job State Change")
    assert last["resources"] == [job["ProcessingJobArn"]]
    assert last["detail"]["ProcessingEndTime"] == int(job["ProcessingEndTime"].timestamp() * 1000)
    assert last["detail"]["Tags"] == {"project": "loupe"}


def test_a_stopped_job_is_neither_completed_nor_stopped_again(processing: ProcessingHouse) -> None:
    name = processing.create("wait", "0")
    processing.ready(name)
    for _ in range(2):
        processing.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert processing.ended(name)["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match=r"ValidationException.*in status Stopped"):
        processing.sagemaker.stop_processing_job(ProcessingJobName=name)


def test_a_job_out_of_time_is_stopped(processing: ProcessingHouse) -> None:
    limited = processing.create("wait", "0", StoppingCondition={"MaxRuntimeInSeconds": 1})
    struck = processing.create("wait", "0")
    processing.ready(struck)
    processing.strike("expire", struck)
    for job in (processing.ended(limited), processing.ended(struck)):
        assert job["ProcessingJobStatus"] == "Stopped"
        assert job["FailureReason"] == "ClientError: The job ran longer than its MaxRuntimeInSeconds."


def test_a_job_that_loses_its_host_fails(processing: ProcessingHouse) -> None:
    name = processing.create("wait", "0")
    processing.ready(name)
    processing.strike("kill", name)
    assert processing.ended(name)["FailureReason"] == LOST
    with pytest.raises(wire.EngineRefused, match="0 such processing jobs run, not 1"):
        processing.strike("kill", name)


def test_what_the_role_may_not_do_is_denied_and_named(processing: ProcessingHouse) -> None:
    name = processing.create("read", processing.ids["Bucket"])
    assert processing.ended(name)["ProcessingJobStatus"] == "Failed"
    assert any("AccessDenied" in line for line in processing.lines(name))
    found = [one for one in processing.laptop.last_denials() if one["action"] == "s3:GetObject"]
    assert found[-1]["resource"] == f"arn:aws:s3:::{processing.ids['Bucket']}/plan"
    assert processing.ids["JobRole"] in found[-1]["principal"]


@pytest.mark.parametrize("killed", [False, True])
def test_a_job_that_ran_when_the_engine_ended_has_failed(laptop: Laptop, tmp_path: Path, killed: bool) -> None:
    processing = processing_house(laptop, tmp_path / "out")
    name, before = processing.create("wait", "0"), processing.create("exit", "1")
    processing.ready(name)
    processing.ended(before)
    if killed:
        kill(laptop)
    else:
        laptop.down()
    laptop.start()
    processing = ProcessingHouse(laptop)
    assert processing.ended(name)["FailureReason"] == LOST
    assert processing.ended(before)["FailureReason"] == "AlgorithmError: , exit code: 1"
    with pytest.raises(ClientError, match="ResourceInUse"):
        processing.create("exit", "0", ProcessingJobName=name)
