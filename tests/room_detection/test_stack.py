"""What the synthesized room_detection and storage stacks promise."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config import DEV, PROD
from lambdas.room_detection.settings import JobSettings, StatusSettings, TriggerSettings, UploadSettings
from tests.conftest import Template, new_app, resources, synthesized, templates_of


def only(template: Template, kind: str) -> Template:
    [found] = resources(template, kind).values()
    return found


def properties(template: Template, kind: str, name: str) -> dict[str, Any]:
    """The properties of the one resource whose logical id is this name and a hash."""
    [found] = [r for key, r in resources(template, kind).items() if key[:-8] == name]
    return dict(found["Properties"])


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    policy = properties(template, "AWS::IAM::Policy", f"{role}DefaultPolicy")
    return list(policy["PolicyDocument"]["Statement"])


def test_the_endpoint_runs_four_invocations_per_instance_and_tells_success_and_failure_apart(
    prod: Mapping[str, Template],
) -> None:
    config = only(prod["RoomDetection"], "AWS::SageMaker::EndpointConfig")["Properties"]["AsyncInferenceConfig"]
    assert config["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 4}
    topics = config["OutputConfig"]["NotificationConfig"]
    assert topics["SuccessTopic"] != topics["ErrorTopic"]
    assert {"S3OutputPath", "S3FailurePath", "KmsKeyId"} <= set(config["OutputConfig"])


def test_the_model_has_neither_network_nor_credentials(prod: Mapping[str, Template]) -> None:
    assert only(prod["RoomDetection"], "AWS::SageMaker::Model")["Properties"]["EnableNetworkIsolation"] is True


def test_the_endpoint_scales_to_zero_and_wakes_when_something_waits(
    prod: Mapping[str, Template],
) -> None:
    stack = prod["RoomDetection"]
    target = only(stack, "AWS::ApplicationAutoScaling::ScalableTarget")["Properties"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, PROD.room_detection.max_instances)
    policies = [p["Properties"] for p in resources(stack, "AWS::ApplicationAutoScaling::ScalingPolicy").values()]
    assert {policy["PolicyType"] for policy in policies} == {"TargetTrackingScaling", "StepScaling"}
    alarm = only(stack, "AWS::CloudWatch::Alarm")["Properties"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("HasBacklogWithoutCapacity", 1)
    assert alarm["Dimensions"][0]["Name"] == "EndpointName"


def test_every_queue_sets_a_message_aside_after_five_attempts(prod: Mapping[str, Template]) -> None:
    queues = [q["Properties"] for q in resources(prod["RoomDetection"], "AWS::SQS::Queue").values()]
    redrives = [queue["RedrivePolicy"]["maxReceiveCount"] for queue in queues if "RedrivePolicy" in queue]
    assert redrives == [5, 5]
    assert all(queue["VisibilityTimeout"] >= 6 * 60 for queue in queues if "RedrivePolicy" in queue)


def test_only_objects_under_blueprints_start_a_job(prod: Mapping[str, Template]) -> None:
    pattern = properties(prod["RoomDetection"], "AWS::Events::Rule", "Landed")["EventPattern"]
    assert pattern["detail"]["object"] == {"key": [{"prefix": "blueprints/"}]}
    assert pattern["detail-type"] == ["Object Created"]


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("Trigger", TriggerSettings),
        ("Answer", JobSettings),
        ("Sweep", JobSettings),
        ("Upload", UploadSettings),
        ("Status", StatusSettings),
    ],
)
def test_a_function_is_told_exactly_what_it_reads(
    prod: Mapping[str, Template], function: str, settings: type[JobSettings]
) -> None:
    told = properties(prod["RoomDetection"], "AWS::Lambda::Function", function)["Environment"]["Variables"]
    read = settings.from_environ({name: value if isinstance(value, str) else "token" for name, value in told.items()})
    assert set(read.to_environ()) == set(told)


def test_nobody_may_delete_anything(prod: Mapping[str, Template]) -> None:
    allowed = [
        action
        for template in prod.values()
        for policy in resources(template, "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    harmless = {"sqs:DeleteMessage", "logs:DeleteLogDelivery"}  # a state machine's own log cannot be had without it
    assert {action for action in allowed if "Delete" in action} == harmless
    assert [action for action in allowed if action.endswith(":*")] == []


def test_the_endpoint_reads_copies_of_blueprints_and_never_the_uploads(prod: Mapping[str, Template]) -> None:
    reads = [s for s in statements(prod["RoomDetection"], "EndpointRole") if "s3:GetObject" in s["Action"]]
    assert len(reads) == 1
    assert "room_detection/endpoint/input/*" in json.dumps(reads)
    assert "Blueprints" not in json.dumps(reads)


def test_the_stack_tells_its_endpoint_topic_and_image(prod: Mapping[str, Template]) -> None:
    outputs = prod["RoomDetection"]["Outputs"]
    assert {"EndpointName", "EndpointArn", "NotificationTopicArn", "ModelImageUri"} <= set(outputs)


def test_buckets_are_private_encrypted_versioned_and_announce_objects_without_a_custom_resource(
    prod: Mapping[str, Template],
) -> None:
    for name in ("Blueprints", "Results"):
        bucket = properties(prod["Storage"], "AWS::S3::Bucket", name)
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
        assert rule["BucketKeyEnabled"] is True
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    blueprints = properties(prod["Storage"], "AWS::S3::Bucket", "Blueprints")
    assert blueprints["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_jobs_can_be_restored_to_any_second_and_are_forgotten_after_their_time(prod: Mapping[str, Template]) -> None:
    table = only(prod["Storage"], "AWS::DynamoDB::Table")["Properties"]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(("environment", "policy"), [("prod", "Retain"), ("staging", "Retain"), ("dev", "Delete")])
def test_data_outlives_its_stack_where_people_rely_on_it(environment: str, policy: str) -> None:
    storage = templates_of(environment)["Storage"]
    kinds = ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key")
    assert {r["DeletionPolicy"] for kind in kinds for r in resources(storage, kind).values()} == {policy}


@pytest.mark.parametrize(("environment", "protected"), [("prod", True), ("dev", False)])
def test_storage_cannot_be_torn_down_by_accident_where_data_is_kept(environment: str, protected: bool) -> None:
    manifest = json.loads((synthesized(environment) / "manifest.json").read_text())
    assert manifest["artifacts"]["Storage"]["properties"].get("terminationProtection", False) is protected


def test_an_image_of_ones_own_replaces_ours_and_may_be_pulled(tmp_path: Path) -> None:

    uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/rooms:7"
    config = replace(DEV, room_detection=replace(DEV.room_detection, model_image_uri=uri))
    new_app(config, tmp_path).synth()
    template = json.loads((tmp_path / "RoomDetection.template.json").read_text())
    assert only(template, "AWS::SageMaker::Model")["Properties"]["PrimaryContainer"]["Image"] == uri
    assert "ecr:eu-west-1:111122223333:repository/team/rooms" in json.dumps(statements(template, "EndpointRole"))


def test_an_image_that_sagemaker_could_not_pull_is_refused_in_one_sentence(tmp_path: Path) -> None:

    config = replace(DEV, room_detection=replace(DEV.room_detection, model_image_uri="docker.io/me/rooms:1"))
    with pytest.raises(ValueError, match="must be an image in Amazon ECR"):
        new_app(config, tmp_path)
