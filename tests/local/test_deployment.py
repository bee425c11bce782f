"""Promises of deploying an assembly."""

from pathlib import Path
from typing import Any

import pytest

from local.assembly import UnreadableAssembly, read_assembly
from local.deployment import UnsupportedResources
from local.laptop import Laptop
from local.stacks import DeploymentFailed
from tests.local.assemblies import attribute, endpoint, role, write_assembly

pytestmark = pytest.mark.laptop
QUEUE: dict[str, Any] = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}}
FUNCTION = {"Runtime": "python3.14", "Handler": "index.handle", "Code": {"ZipFile": "def handle(event, context): ..."}}


def test_deploys_changes_and_removes_stacks_as_the_assembly_says(laptop: Laptop, tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []

    def up(number: int, stacks: dict[str, Any]) -> list[tuple[str, str]]:
        told.clear()
        needs = {"Second": ["First"]} if len(stacks) == 2 else {}
        laptop.up(
            write_assembly(tmp_path / str(number), stacks, needs=needs), lambda name, state: told.append((name, state))
        )
        return [(name, state) for name, state in told if state != "deploying"]

    assert up(1, {"First": QUEUE, "Second": QUEUE}) == [("First", "created"), ("Second", "created")]
    assert up(2, {"First": QUEUE, "Second": QUEUE}) == [("First", "unchanged"), ("Second", "unchanged")]
    longer = {"Queue": {**QUEUE["Queue"], "Properties": {"VisibilityTimeout": 77}}}
    assert up(3, {"First": longer}) == [("First", "updated"), ("Second", "removed")]
    assert laptop.status().stacks == {"First": "UPDATE_COMPLETE"}


def test_a_removed_bucket_is_gone_after_a_restart_too(laptop: Laptop, tmp_path: Path) -> None:
    bucket: dict[str, Any] = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}}}
    laptop.up(write_assembly(tmp_path / "1", {"First": bucket, "Second": QUEUE}))
    laptop.up(write_assembly(tmp_path / "2", {"Second": QUEUE}))
    laptop.down()
    laptop.start()
    assert not [one for one in laptop.client("s3").list_buckets()["Buckets"] if "first" in one["Name"]]


def test_names_stack_resource_and_reason_of_a_failure(laptop: Laptop, tmp_path: Path) -> None:
    resources = endpoint(image="docker.io/library/nginx:latest")
    with pytest.raises(
        DeploymentFailed, match=r"Rooms: Model \(AWS::SageMaker::Model\): .*nginx:latest is not an image"
    ):
        laptop.up(write_assembly(tmp_path / "out", {"Rooms": resources}))
    laptop.up(write_assembly(tmp_path / "mended", {"Rooms": endpoint()}))
    assert laptop.status().stacks == {"Rooms": "CREATE_COMPLETE"}


def test_shows_the_last_lines_of_a_program_that_does_not_start(laptop: Laptop, tmp_path: Path) -> None:
    resources = endpoint()
    [variant] = resources["Configuration"]["Properties"]["ProductionVariants"]
    variant["ContainerStartupHealthCheckTimeoutInSeconds"] = 1
    broken = write_assembly(tmp_path / "out", {"Rooms": resources}, program="raise SystemExit('no detector here')")
    with pytest.raises(DeploymentFailed, match=r"Endpoint .*no detector here"):
        laptop.up(broken)


def test_refuses_a_role_that_does_not_trust_sagemaker(laptop: Laptop, tmp_path: Path) -> None:
    resources = {**endpoint(), "Role": role("lambda")}
    with pytest.raises(DeploymentFailed, match=r"Model .*does not trust sagemaker\.amazonaws\.com"):
        laptop.up(write_assembly(tmp_path / "out", {"Rooms": resources}))


def test_names_a_type_that_it_cannot_run_before_it_deploys_anything(laptop: Laptop, tmp_path: Path) -> None:
    unknown = {"Cluster": {"Type": "AWS::EMRContainers::VirtualCluster", "Properties": {}}}
    with pytest.raises(UnsupportedResources, match=r"B/Cluster \(AWS::EMRContainers::VirtualCluster\)"):
        laptop.up(write_assembly(tmp_path / "out", {"A": QUEUE, "B": unknown}))
    assert laptop.status().stacks == {}


def test_a_queue_is_polled_only_with_permission(laptop: Laptop, tmp_path: Path) -> None:
    mapping = {"EventSourceArn": attribute("Queue", "Arn"), "FunctionName": {"Ref": "Function"}}
    resources = {
        **QUEUE,
        "Role": role("lambda"),
        "Function": {"Type": "AWS::Lambda::Function", "Properties": {**FUNCTION, "Role": attribute("Role", "Arn")}},
        "Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping},
    }
    laptop.up(write_assembly(tmp_path / "out", {"Stack": resources}))
    sqs = laptop.client("sqs")
    [queue] = sqs.list_queues()["QueueUrls"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]
    assert "sqs:ReceiveMessage" in [denial["action"] for denial in laptop.last_denials()]


def test_applies_the_properties_of_buckets_and_tables(laptop: Laptop, tmp_path: Path) -> None:
    rule = {"Id": "raw", "Status": "Enabled", "Prefix": "raw/", "ExpirationInDays": 30}
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    bucket = {
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
        "LifecycleConfiguration": {"Rules": [rule]},
        "Tags": [{"Key": "project", "Value": "loupe"}],
    }
    table = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": table},
    }
    laptop.up(write_assembly(tmp_path / "out", {"Stack": resources}))
    s3, dynamodb = laptop.client("s3"), laptop.client("dynamodb")
    name = next(one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith("stack"))
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"] == {"Days": 30}
    assert s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == bucket["Tags"]
    [table_name] = dynamodb.list_tables()["TableNames"]
    assert dynamodb.describe_time_to_live(TableName=table_name)["TimeToLiveDescription"]["AttributeName"] == "expires"


def test_says_what_is_wrong_with_a_folder_that_is_no_assembly(tmp_path: Path) -> None:
    with pytest.raises(UnreadableAssembly, match=r"has no manifest\.json"):
        read_assembly(tmp_path)
