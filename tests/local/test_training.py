"""Promises of SageMaker Training jobs, and of managed images, on the laptop."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.jobs.outcome import LOST_REASON
from local.managed_images import REGISTRY
from tests.local.learning_assemblies import SKLEARN, archive
from tests.local.learning_house import LearningHouse

pytestmark = pytest.mark.laptop


def test_a_job_learns_from_its_channels_and_leaves_a_model(learning: LearningHouse) -> None:
    learning.put(train_a="one two")
    job = learning.trained(learning.train("learn", "train", TrainingJobName="Learner-1"))
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == learning.uri("models/Learner-1/output/model.tar.gz")
    assert learning.model(job) == {"model.txt": "ONE TWO", "weights/model.txt": "learned"}
    phases = [one["Status"] for one in job["SecondaryStatusTransitions"]]
    assert phases == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]


def test_a_script_is_told_what_the_images_toolkit_tells(learning: LearningHouse) -> None:
    learning.put(train_a="1", validation_a="2")
    given = {"depth": "5", "rate": "0.1", "c": "true", "names": '["a", "b"]', "note": "in /opt/ml/model"}
    name = learning.train("tell", "train", "validation", HyperParameters=given, Environment={"SEED": "7"})
    told = json.loads(learning.model(learning.trained(name))["told.json"])
    variables, root = told["environment"], told["folder"].removesuffix("/code")
    assert told["argv"] == [
        *("-c", "True", "--depth", "5", "--names", "['a', 'b']"),
        *("--note", f"in {root}/model", "--rate", "0.1", "--word", "tell"),
    ]
    assert json.loads(variables["SM_HPS"])["names"] == ["a", "b"]
    assert (variables["SM_CHANNEL_VALIDATION"], variables["SM_MODEL_DIR"]) == (
        f"{root}/input/data/validation",
        f"{root}/model",
    )
    assert (variables["SM_HP_DEPTH"], variables["SM_CHANNELS"]) == ("5", '["train","validation"]')
    assert (variables["SM_USER_ENTRY_POINT"], variables["SM_CURRENT_HOST"]) == ("train.py", "algo-1")
    assert (variables["TRAINING_JOB_NAME"], variables["SEED"]) == (name, "7")


def test_a_script_that_fails_fails_its_job_and_leaves_no_model(learning: LearningHouse) -> None:
    silent, spoken = learning.trained(learning.train("fail")), learning.trained(learning.train("explain"))
    assert silent["FailureReason"] == (
        'AlgorithmError: ExecuteUserScriptError:\nCommand "python3 -m train --word fail", exit code: 3'
    )
    assert spoken["FailureReason"] == "AlgorithmError: the rows are empty, exit code: 4"
    assert spoken["SecondaryStatus"] == "Failed"
    assert "ModelArtifacts" not in spoken


def test_a_stopped_job_keeps_the_model_it_has(learning: LearningHouse) -> None:
    name = learning.train("wait", Tags=[{"Key": "project", "Value": "loupe"}])
    learning.ready(name)
    learning.sagemaker.stop_training_job(TrainingJobName=name)
    job = learning.trained(name)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert learning.model(job) == {"weights/model.txt": "learned"}
    events = learning.told_of_training(name, last="Stopped")
    assert [event["detail"]["TrainingJobStatus"] for event in events] == ["InProgress", "Stopping", "Stopped"]
    last = events[-1]
    assert (last["detail-type"], last["resources"]) == ("SageMaker Training Job State Change", [job["TrainingJobArn"]])
    assert last["detail"]["TrainingEndTime"] == int(job["TrainingEndTime"].timestamp() * 1000)
    assert last["detail"]["Tags"] == {"project": "loupe"}


def test_a_job_out_of_time_is_stopped(learning: LearningHouse) -> None:
    limited = learning.train("wait", StoppingCondition={"MaxRuntimeInSeconds": 1})
    struck = learning.train("wait")
    learning.ready(struck)
    learning.strike_training("expire", struck)
    for job in (learning.trained(limited), learning.trained(struck)):
        assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_job_that_loses_its_host_fails(learning: LearningHouse) -> None:
    name = learning.train("wait")
    learning.ready(name)
    learning.strike_training("kill", name)
    assert learning.trained(name)["FailureReason"] == LOST_REASON


def test_jobs_are_listed_and_tagged(learning: LearningHouse) -> None:
    arn = learning.trained(learning.train("none", TrainingJobName="Listed-1"))["TrainingJobArn"]
    learning.trained(learning.train("fail", TrainingJobName="Listed-2"))

    def listed(**more: Any) -> list[str]:
        found = learning.sagemaker.list_training_jobs(NameContains="Listed", **more)["TrainingJobSummaries"]
        return [one["TrainingJobName"] for one in found]

    assert listed(SortBy="Name", SortOrder="Ascending") == ["Listed-1", "Listed-2"]
    assert listed(StatusEquals="Failed") == ["Listed-2"]
    learning.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "me"}, {"Key": "env", "Value": "dev"}])
    learning.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["env"])
    assert learning.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "owner", "Value": "me"}]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("s3:GetObject", "ClientError: Failed to download data. "),
        ("s3:PutObject", "ClientError: Failed to upload data. "),
        ("ecr:BatchGetImage", "ClientError: Access denied for the image "),
    ],
)
@pytest.mark.denies
def test_a_job_whose_role_lacks_a_permission_says_what_failed(
    learning: LearningHouse, action: str, reason: str
) -> None:
    ask = learning.training("none")
    give_back = learning.without("JobRole", action)
    try:
        learning.sagemaker.create_training_job(**ask)
        job = learning.trained(ask["TrainingJobName"])
    finally:
        give_back()
    assert job["FailureReason"].startswith(reason)
    assert learning.laptop.status().last_denials[-1]["action"].startswith(action.partition(":")[0])


def test_code_that_leads_out_of_its_folder_is_not_unpacked(learning: LearningHouse) -> None:
    given = {"sagemaker_submit_directory": learning.place("code/bad.tar.gz", archive(**{"../train": "", "train": ""}))}
    reason = learning.trained(learning.train("none", HyperParameters=given))["FailureReason"]
    assert reason.endswith("'../train.py' would lie outside of its folder, exit code: 1")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"AlgorithmSpecification": {"TrainingImage": "nginx:1", "TrainingInputMode": "File"}}, "not on nginx:1"),
        ({"HyperParameters": {"sagemaker_program": "pkg/train.py"}}, "at the root of its code"),
        ({"HyperParameters": {"sagemaker_submit_directory": "file.zip"}}, "location of a .tar.gz"),
        ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds of at least"),
        ({"CheckpointConfig": {"S3Uri": "s3://a/b"}}, "know no CheckpointConfig"),
        ({"ResourceConfig": {"InstanceType": "ml.m7g.large", "InstanceCount": 1, "VolumeSizeInGB": 1}}, "enum value"),
    ],
)
def test_refuses_what_sagemaker_or_the_laptop_does_not_train(
    learning: LearningHouse, asked: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ClientError, match=rf"ValidationException.*{reason}"):
        learning.train("none", **asked)


def test_a_managed_image_runs_a_command_line_over_the_jobs_folders(learning: LearningHouse) -> None:
    learning.place("code/bundle.tar.gz", archive(shout="import sys; print(open(sys.argv[1]).read().upper())"))
    learning.put(in_a="one")
    inputs = [
        {"InputName": name, "S3Input": {"S3Uri": learning.uri(uri), "LocalPath": f"/opt/ml/processing/{name}", **how}}
        for name, uri in (("code", "code/bundle.tar.gz"), ("in", "in/"))
        for how in ({"S3DataType": "S3Prefix"},)
    ]
    ask = learning.managed(
        "set -euo pipefail; cd /opt/ml/processing/code && tar xzf *.tar.gz && "
        "exec python3 shout.py /opt/ml/processing/in/a > '/opt/ml/processing/output/b.txt'",
        ProcessingInputs=inputs,
        ProcessingOutputConfig=learning.target("out/"),
    )
    learning.sagemaker.create_processing_job(**ask)
    assert learning.ended(ask["ProcessingJobName"])["ProcessingJobStatus"] == "Completed"
    assert learning.texts("out/") == {"b.txt": "ONE\n"}


@pytest.mark.parametrize(
    ("image", "entrypoint", "reason"),
    [
        (SKLEARN, None, "only by their ContainerEntrypoint"),
        (SKLEARN.replace(REGISTRY, REGISTRY.replace("683313688378", "000000000000")), ["true"], "not an image asset"),
    ],
)
def test_refuses_managed_images_that_would_not_run(
    learning: LearningHouse, image: str, entrypoint: list[str] | None, reason: str
) -> None:
    application = {"ImageUri": image, **({"ContainerEntrypoint": entrypoint} if entrypoint else {})}
    with pytest.raises(ClientError, match=reason):
        learning.create(AppSpecification=application)
