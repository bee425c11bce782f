"""Promises of processing jobs on the laptop that may not, or cannot, be what is asked for."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.processing_house import ProcessingHouse

pytestmark = pytest.mark.laptop


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("s3:ListBucket", "ClientError: Failed to download data. "),
        ("s3:GetObject", "ClientError: Failed to download data. "),
        ("s3:PutObject", "ClientError: Failed to upload data. "),
        ("ecr:*", "ClientError: Access denied for the image "),
    ],
)
def test_a_job_whose_role_lacks_a_permission_says_what_failed(
    processing: ProcessingHouse, action: str, reason: str
) -> None:
    processing.put(given_a="one")
    give_back = processing.without("JobRole", action)
    asked = {"ProcessingInputs": processing.source("given/"), "ProcessingOutputConfig": processing.target("taken/")}
    try:
        job = processing.ended(
            processing.create("shout", "/opt/ml/processing/input", "/opt/ml/processing/output", **asked)
        )
    finally:
        give_back()
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(reason)
    assert processing.laptop.last_denials()[-1]["action"].startswith(action.split(":", maxsplit=1)[0])


def test_a_role_that_may_not_write_logs_does_not_keep_a_job_from_running(processing: ProcessingHouse) -> None:
    give_back = processing.without("JobRole", "logs:CreateLogStream")
    try:
        name = processing.create("exit", "0")
        assert processing.ended(name)["ProcessingJobStatus"] == "Completed"
    finally:
        give_back()
    assert processing.lines(name) == []


def test_a_job_fails_when_nothing_is_where_its_input_should_be(processing: ProcessingHouse) -> None:
    name = processing.create("exit", "0", ProcessingInputs=processing.source("nothing/"))
    assert "No S3 objects found under S3 URL" in processing.ended(name)["FailureReason"]


def test_a_role_that_sagemaker_may_not_assume_fails_the_job(processing: ProcessingHouse) -> None:
    name = processing.create("exit", "0", RoleArn=processing.role("LambdaRole"))
    assert "unable to assume the role" in processing.ended(name)["FailureReason"]


def test_creating_needs_permission_on_the_job_its_tags_and_its_role(processing: ProcessingHouse) -> None:
    processing.iam.create_user(UserName="creator")
    key = processing.iam.create_access_key(UserName="creator")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    sagemaker = session.client("sagemaker", endpoint_url=processing.laptop.url)
    job = "arn:aws:sagemaker:us-east-1:000000000000:processing-job/mine"
    role, passed = processing.role("JobRole"), {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    needed: list[dict[str, Any]] = [
        {"Action": "sagemaker:CreateProcessingJob", "Resource": job},
        {"Action": "sagemaker:AddTags", "Resource": job},
        {"Action": "iam:PassRole", "Resource": role, "Condition": passed},
    ]
    ask = processing.ask("exit", "0", ProcessingJobName="mine", Tags=[{"Key": "a", "Value": "b"}])

    def give(statements: list[dict[str, Any]]) -> None:
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}
        processing.iam.put_user_policy(UserName="creator", PolicyName="may", PolicyDocument=json.dumps(document))

    for missing in needed:
        give([one for one in needed if one != missing])
        with pytest.raises(ClientError, match=rf"AccessDenied.*{missing['Action']} on resource: {missing['Resource']}"):
            sagemaker.create_processing_job(**ask)
        last = processing.laptop.last_denials()[-1]
        assert (last["action"], last["resource"]) == (missing["Action"], missing["Resource"])
    give(needed)
    sagemaker.create_processing_job(**ask)
    for call in (sagemaker.describe_processing_job, sagemaker.stop_processing_job):
        with pytest.raises(ClientError, match=rf"ProcessingJob on resource: {job}"):
            call(ProcessingJobName="mine")
    assert processing.ended("mine")["ProcessingJobStatus"] == "Completed"


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
    processing: ProcessingHouse, asked: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ClientError, match=rf"ValidationException.*{reason}"):
        processing.create("exit", "0", **asked)


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
    processing: ProcessingHouse, more: dict[str, str], reason: str
) -> None:
    with pytest.raises(ClientError, match=rf"ValidationException.*{reason}"):
        processing.create("exit", "0", ProcessingInputs=processing.source("in/", **more))


def test_refuses_outputs_that_the_laptop_does_not_take(processing: ProcessingHouse) -> None:
    with pytest.raises(ClientError, match="knows EndOfJob only"):
        processing.create("exit", "0", ProcessingOutputConfig=processing.target("out/", S3UploadMode="Continuous"))


def test_a_name_is_used_once(processing: ProcessingHouse) -> None:
    processing.ended(processing.create("exit", "0", ProcessingJobName="Once"))
    with pytest.raises(ClientError, match=r"ResourceInUse.*must be unique"):
        processing.create("exit", "0", ProcessingJobName="once")
    with pytest.raises(ClientError, match="Could not find requested job with name: never"):
        processing.job("never")


def test_creating_fails_as_often_as_a_fault_says(processing: ProcessingHouse) -> None:
    busy = {"action": "sagemaker:CreateProcessingJob", "times": 1, "error": "ResourceLimitExceeded", "status": 400}
    processing.laptop.inject(busy)
    with pytest.raises(ClientError, match="ResourceLimitExceeded"):
        processing.create("exit", "0")
    processing.ended(processing.create("exit", "0"))
