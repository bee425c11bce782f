"""Promises of SageMaker Processing jobs on the laptop."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import wire
from local.laptop import Laptop
from tests.local.assemblies import REGISTRY, write_assembly
from tests.local.house import kill
from tests.local.processing_assemblies import PROGRAM, jobs
from tests.local.processing_house import ProcessingHouse

pytestmark = pytest.mark.laptop
CONFIG = "/opt/ml/config/processingjobconfig.json"
LOST = "InternalServerError: We encountered an internal error. Please try again."


def house_of(laptop: Laptop, folder: Path) -> ProcessingHouse:
    laptop.up(write_assembly(folder, {"Jobs": jobs()}, program=PROGRAM))
    return ProcessingHouse(laptop)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessingHouse]:
    folder = tmp_path_factory.mktemp("processing")
    laptop = Laptop(folder / "home")
    try:
        yield house_of(laptop, folder / "out")
    finally:
        laptop.down()


def channel(house: ProcessingHouse, kind: str, place: str, **more: str) -> dict[str, Any]:
    """An input or an output between data/ in the bucket and a folder below /opt/ml/processing."""
    uri = f"s3://{house.ids['Bucket']}/data/{place}"
    where = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/{kind.lower()}", **more}
    return {f"{kind}Name": kind.lower(), f"S3{kind}": where}


def source(house: ProcessingHouse, place: str, **more: str) -> list[dict[str, Any]]:
    return [channel(house, "Input", place, **{"S3DataType": "S3Prefix", **more})]


def target(house: ProcessingHouse, place: str, **more: str) -> dict[str, Any]:
    return {"Outputs": [channel(house, "Output", place, **{"S3UploadMode": "EndOfJob", **more})]}


def test_the_exit_code_of_the_program_decides_how_a_job_ends(house: ProcessingHouse) -> None:
    well, badly = house.ended(house.create("exit", "0")), house.ended(house.create("exit", "3"))
    assert (well["ProcessingJobStatus"], well.get("FailureReason")) == ("Completed", None)
    assert badly["ProcessingJobStatus"] == "Failed"
    assert badly["FailureReason"] == "AlgorithmError: , exit code: 3"
    assert well["CreationTime"] <= well["ProcessingStartTime"] <= well["ProcessingEndTime"]


@pytest.mark.parametrize(("code", "status"), [("0", "Completed"), ("1", "Failed")])
def test_the_first_kilobyte_of_the_programs_message_is_told(house: ProcessingHouse, code: str, status: str) -> None:
    job = house.ended(house.create("say", code, "é", "700", Environment={"MESSAGE": "/opt/ml/output/message"}))
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == (status, "é" * 512)
    assert job.get("FailureReason", "").endswith({"0": "", "1": ", exit code: 1"}[code])


@pytest.mark.parametrize("distribution", ["FullyReplicated", "ShardedByS3Key"])
def test_inputs_are_there_before_the_program_and_outputs_after_it(house: ProcessingHouse, distribution: str) -> None:
    house.put(in_a="one", in_deep_b="two", inside="not below the prefix")
    name = house.create(
        "shout",
        "/opt/ml/processing/input",
        "/opt/ml/processing/output",
        ProcessingInputs=source(house, "in/", S3DataDistributionType=distribution),
        ProcessingOutputConfig=target(house, f"{distribution}/out"),
    )
    assert house.ended(name)["ProcessingJobStatus"] == "Completed"
    assert house.texts(f"{distribution}/out/") == {"a": "ONE", "deep/b": "TWO"}


def test_an_input_may_be_one_object_or_a_folder_without_its_slash(house: ProcessingHouse) -> None:
    house.put(case_a="one", case_b="two")
    for place, there in (("case/a", {"a": "ONE"}), ("case", {"a": "ONE", "b": "TWO"})):
        words = ("shout", "/opt/ml/processing/input", "/opt/ml/processing/output")
        output = target(house, f"{len(there)}-found/")
        house.ended(house.create(*words, ProcessingInputs=source(house, place), ProcessingOutputConfig=output))
        assert house.texts(f"{len(there)}-found/") == there


def test_a_failed_job_leaves_no_output(house: ProcessingHouse) -> None:
    words = ("say", "1", "half", "1")
    asked: dict[str, Any] = {
        "Environment": {"MESSAGE": "/opt/ml/processing/output/half"},
        "ProcessingOutputConfig": target(house, "n"),
    }
    assert house.ended(house.create(*words, **asked))["ProcessingJobStatus"] == "Failed"
    assert house.texts("n") == {}


def test_a_program_finds_its_paths_and_its_job_and_acts_as_its_role(house: ProcessingHouse, tmp_path: Path) -> None:
    file, output = tmp_path / "told", "s3://bucket/opt/ml/processing"
    name = house.create("keep", str(file), CONFIG, Environment={"GREETING": "hi", "OUT": output, "IN": "/opt/ml/x"})
    arn = house.ended(name)["ProcessingJobArn"]
    told = json.loads(file.read_text())
    given, config = told["environment"], told["config"]
    assert (given["GREETING"], given["OUT"], given["AWS_REGION"]) == ("hi", output, "us-east-1")
    assert given["IN"].endswith(f"/processing/{name}/opt/ml/x")
    assert not Path(given["IN"]).parent.exists()
    assert (config["ProcessingJobArn"], config["ProcessingJobName"]) == (arn, name)
    assert config["AppSpecification"]["ContainerArguments"] == told["argv"]
    key, secret, token = (given[f"AWS_{part}"] for part in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    sts = boto3.Session(key, secret, token, "us-east-1").client("sts", endpoint_url=given["AWS_ENDPOINT_URL"])
    assert f"assumed-role/{house.ids['JobRole']}/" in sts.get_caller_identity()["Arn"]


def test_a_program_without_network_has_no_access_to_aws(house: ProcessingHouse, tmp_path: Path) -> None:
    file = tmp_path / "told"
    house.ended(house.create("keep", str(file), CONFIG, NetworkConfig={"EnableNetworkIsolation": True}))
    assert not [name for name in json.loads(file.read_text())["environment"] if name.startswith("AWS_")]


def test_a_jobs_own_entry_point_replaces_that_of_its_image(house: ProcessingHouse) -> None:
    entrypoint = ["python", "-c", "import sys; print(sys.argv[1:])"]
    application = {"ImageUri": f"{REGISTRY}:program", "ContainerEntrypoint": entrypoint}
    alone = house.create(AppSpecification=application)
    joined = house.create(AppSpecification={**application, "ContainerArguments": ["a", "b"]})
    for name, said in ((alone, "[]"), (joined, "['a', 'b']")):
        assert house.ended(name)["ProcessingJobStatus"] == "Completed"
        assert house.lines(name) == [said]


def test_a_job_is_described_and_listed_as_it_was_asked_for(house: ProcessingHouse) -> None:
    ask = house.ask("exit", "0", ProcessingJobName="Listed-1", Environment={"SHARD": "0/3"})
    house.sagemaker.create_processing_job(**ask)
    house.create("exit", "1", ProcessingJobName="Listed-2")
    job = house.ended("listed-1")
    house.ended("Listed-2")
    assert {name: job[name] for name in ask} == ask
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert job["ProcessingJobArn"] == "arn:aws:sagemaker:us-east-1:000000000000:processing-job/listed-1"

    def listed(**more: Any) -> list[str]:
        found = house.sagemaker.list_processing_jobs(NameContains="Listed", **more)["ProcessingJobSummaries"]
        return [one["ProcessingJobName"] for one in found]

    assert listed() == ["Listed-2", "Listed-1"]
    assert listed(StatusEquals="Failed") == ["Listed-2"]
    assert listed(SortBy="Name", SortOrder="Ascending", MaxResults=1) == ["Listed-1"]
    tomorrow = job["CreationTime"] + timedelta(days=1)
    for name in ("CreationTime", "LastModifiedTime"):
        assert listed(**{f"{name}Before": tomorrow}) == ["Listed-2", "Listed-1"]
        assert listed(**{f"{name}After": tomorrow}) == []
    first = house.sagemaker.list_processing_jobs(NameContains="Listed", MaxResults=1)
    rest = house.sagemaker.list_processing_jobs(NameContains="Listed", NextToken=first["NextToken"])
    assert [one["ProcessingJobName"] for one in rest["ProcessingJobSummaries"]] == ["Listed-1"]


def test_tags_are_kept(house: ProcessingHouse) -> None:
    name = house.create("exit", "0", Tags=[{"Key": "project", "Value": "loupe"}])
    arn = house.ended(name)["ProcessingJobArn"]
    house.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "me"}])
    tags = house.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert {one["Key"]: one["Value"] for one in tags} == {"project": "loupe", "owner": "me"}


def test_every_change_of_state_is_an_event(house: ProcessingHouse) -> None:
    name = house.create("wait", "0", Tags=[{"Key": "project", "Value": "loupe"}])
    house.ready(name)
    house.sagemaker.stop_processing_job(ProcessingJobName=name)
    events = house.told(name, last="Stopped")
    assert [event["detail"]["ProcessingJobStatus"] for event in events] == ["InProgress", "Stopping", "Stopped"]
    last, job = events[-1], house.job(name)
    assert (last["source"], last["detail-type"]) == ("aws.sagemaker", "SageMaker Processing Job State Change")
    assert last["resources"] == [job["ProcessingJobArn"]]
    assert last["detail"]["ProcessingEndTime"] == int(job["ProcessingEndTime"].timestamp() * 1000)
    assert last["detail"]["Tags"] == {"project": "loupe"}


def test_a_stopped_job_is_neither_completed_nor_stopped_again(house: ProcessingHouse) -> None:
    name = house.create("wait", "0")
    house.ready(name)
    for _ in range(2):
        house.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert house.ended(name)["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match=r"ValidationException.*in status Stopped"):
        house.sagemaker.stop_processing_job(ProcessingJobName=name)


def test_a_job_out_of_time_is_stopped(house: ProcessingHouse) -> None:
    limited = house.create("wait", "0", StoppingCondition={"MaxRuntimeInSeconds": 1})
    struck = house.create("wait", "0")
    house.ready(struck)
    house.strike("expire", struck)
    for job in (house.ended(limited), house.ended(struck)):
        assert job["ProcessingJobStatus"] == "Stopped"
        assert job["FailureReason"] == "ClientError: The job ran longer than its MaxRuntimeInSeconds."


def test_a_job_that_loses_its_host_fails(house: ProcessingHouse) -> None:
    name = house.create("wait", "0")
    house.ready(name)
    house.strike("kill", name)
    assert house.ended(name)["FailureReason"] == LOST
    with pytest.raises(wire.EngineRefused, match="0 such processing jobs run, not 1"):
        house.strike("kill", name)


def test_what_the_role_may_not_do_is_denied_and_named(house: ProcessingHouse) -> None:
    name = house.create("read", house.ids["Bucket"])
    assert house.ended(name)["ProcessingJobStatus"] == "Failed"
    assert any("AccessDenied" in line for line in house.lines(name))
    found = [one for one in house.laptop.status().last_denials if one["action"] == "s3:GetObject"]
    assert found[-1]["resource"] == f"arn:aws:s3:::{house.ids['Bucket']}/plan"
    assert house.ids["JobRole"] in found[-1]["principal"]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("s3:ListBucket", "ClientError: Failed to download data. "),
        ("s3:GetObject", "ClientError: Failed to download data. "),
        ("s3:PutObject", "ClientError: Failed to upload data. "),
        ("ecr:*", "ClientError: Access denied for the image "),
    ],
)
def test_a_job_whose_role_lacks_a_permission_says_what_failed(house: ProcessingHouse, action: str, reason: str) -> None:
    house.put(given_a="one")
    give_back = house.without("JobRole", action)
    asked = {"ProcessingInputs": source(house, "given/"), "ProcessingOutputConfig": target(house, "taken/")}
    try:
        job = house.ended(house.create("shout", "/opt/ml/processing/input", "/opt/ml/processing/output", **asked))
    finally:
        give_back()
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(reason)
    assert house.laptop.status().last_denials[-1]["action"].startswith(action.split(":", maxsplit=1)[0])


def test_a_role_that_may_not_write_logs_does_not_keep_a_job_from_running(house: ProcessingHouse) -> None:
    give_back = house.without("JobRole", "logs:CreateLogStream")
    try:
        name = house.create("exit", "0")
        assert house.ended(name)["ProcessingJobStatus"] == "Completed"
    finally:
        give_back()
    assert house.lines(name) == []


def test_a_job_fails_when_nothing_is_where_its_input_should_be(house: ProcessingHouse) -> None:
    name = house.create("exit", "0", ProcessingInputs=source(house, "nothing/"))
    assert "No S3 objects found under S3 URL" in house.ended(name)["FailureReason"]


def test_a_role_that_sagemaker_may_not_assume_fails_the_job(house: ProcessingHouse) -> None:
    name = house.create("exit", "0", RoleArn=house.role("LambdaRole"))
    assert "unable to assume the role" in house.ended(name)["FailureReason"]


def test_creating_needs_permission_on_the_job_its_tags_and_its_role(house: ProcessingHouse) -> None:
    house.iam.create_user(UserName="creator")
    key = house.iam.create_access_key(UserName="creator")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    sagemaker = session.client("sagemaker", endpoint_url=house.laptop.url)
    job = "arn:aws:sagemaker:us-east-1:000000000000:processing-job/mine"
    role, passed = house.role("JobRole"), {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    needed: list[dict[str, Any]] = [
        {"Action": "sagemaker:CreateProcessingJob", "Resource": job},
        {"Action": "sagemaker:AddTags", "Resource": job},
        {"Action": "iam:PassRole", "Resource": role, "Condition": passed},
    ]
    ask = house.ask("exit", "0", ProcessingJobName="mine", Tags=[{"Key": "a", "Value": "b"}])

    def give(statements: list[dict[str, Any]]) -> None:
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}
        house.iam.put_user_policy(UserName="creator", PolicyName="may", PolicyDocument=json.dumps(document))

    for missing in needed:
        give([one for one in needed if one != missing])
        with pytest.raises(ClientError, match=rf"AccessDenied.*{missing['Action']} on resource: {missing['Resource']}"):
            sagemaker.create_processing_job(**ask)
        last = house.laptop.status().last_denials[-1]
        assert (last["action"], last["resource"]) == (missing["Action"], missing["Resource"])
    give(needed)
    sagemaker.create_processing_job(**ask)
    for call in (sagemaker.describe_processing_job, sagemaker.stop_processing_job):
        with pytest.raises(ClientError, match=rf"ProcessingJob on resource: {job}"):
            call(ProcessingJobName="mine")
    assert house.ended("mine")["ProcessingJobStatus"] == "Completed"


def cluster(**changes: Any) -> dict[str, Any]:
    known = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    return {"ProcessingResources": {"ClusterConfig": {**known, **changes}}}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (cluster(InstanceCount=2), "InstanceCount 1"),
        (cluster(InstanceType="ml.m7g.large"), "enum value set"),
        ({"ProcessingJobName": "not_a_name"}, "regular expression pattern"),
        ({"ProcessingJobName": "a" * 64}, "length between 1 and 63"),
        ({"Environment": {"A": "b" * 257}}, "Environment.A' failed to satisfy constraint"),
        ({"AppSpecification": {"ImageUri": "nginx:latest"}}, "nginx:latest is not an image asset"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 777601}}, "value between 1 and 777600"),
    ],
)
def test_refuses_what_sagemaker_or_the_laptop_does_not_run(
    house: ProcessingHouse, asked: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ClientError, match=rf"ValidationException.*{reason}"):
        house.create("exit", "0", **asked)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"S3DataType": "ManifestFile"}, "knows S3Prefix only"),
        ({"S3InputMode": "Pipe"}, "knows File only"),
        ({"LocalPath": "/opt/ml/processing/../x"}, "must begin with /opt/ml/processing/"),
        ({"LocalPath": "/data"}, "must begin with /opt/ml/processing/"),
    ],
)
def test_refuses_inputs_that_the_laptop_does_not_bring(
    house: ProcessingHouse, more: dict[str, str], reason: str
) -> None:
    with pytest.raises(ClientError, match=rf"ValidationException.*{reason}"):
        house.create("exit", "0", ProcessingInputs=source(house, "in/", **more))


def test_refuses_outputs_that_the_laptop_does_not_take(house: ProcessingHouse) -> None:
    with pytest.raises(ClientError, match="knows EndOfJob only"):
        house.create("exit", "0", ProcessingOutputConfig=target(house, "out/", S3UploadMode="Continuous"))


def test_a_name_is_used_once(house: ProcessingHouse) -> None:
    house.ended(house.create("exit", "0", ProcessingJobName="Once"))
    with pytest.raises(ClientError, match=r"ResourceInUse.*must be unique"):
        house.create("exit", "0", ProcessingJobName="once")
    with pytest.raises(ClientError, match="Could not find requested job with name: never"):
        house.job("never")


def test_creating_fails_as_often_as_a_fault_says(house: ProcessingHouse) -> None:
    busy = {"action": "sagemaker:CreateProcessingJob", "times": 1, "error": "ResourceLimitExceeded", "status": 400}
    house.laptop.inject(busy)
    with pytest.raises(ClientError, match="ResourceLimitExceeded"):
        house.create("exit", "0")
    house.ended(house.create("exit", "0"))


@pytest.mark.parametrize("killed", [False, True])
def test_a_job_that_ran_when_the_engine_ended_has_failed(laptop: Laptop, tmp_path: Path, killed: bool) -> None:
    house = house_of(laptop, tmp_path / "out")
    name, before = house.create("wait", "0"), house.create("exit", "1")
    house.ready(name)
    house.ended(before)
    if killed:
        kill(laptop)
    else:
        laptop.down()
    laptop.start()
    house = ProcessingHouse(laptop)
    assert house.ended(name)["FailureReason"] == LOST
    assert house.ended(before)["FailureReason"] == "AlgorithmError: , exit code: 1"
    with pytest.raises(ClientError, match="ResourceInUse"):
        house.create("exit", "0", ProcessingJobName=name)
