"""Promises of SageMaker's model registry on the laptop."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop import Laptop
from local.stacks import DeploymentFailed
from tests.local.assemblies import Resources, listener, write_assembly
from tests.local.house import House, living

pytestmark = pytest.mark.laptop
ARN = "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/"
PACKAGE = "arn:aws:sagemaker:us-east-1:000000000000:model-package/"
HEARD = {"Jobs": listener({"source": ["aws.sagemaker"]})}
CONTAINER = {
    "Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
    "ModelDataUrl": "s3://a/b",
}
SPECIFICATION = {"Containers": [CONTAINER], "SupportedContentTypes": ["text/csv"]}


def group(name: str, **more: Any) -> Resources:
    return {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {"ModelPackageGroupName": name, **more}}


MODELS = {"Models": {"Cards": group("Cards-Models", ModelPackageGroupDescription="cards")}}


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    folder = tmp_path_factory.mktemp("registry")
    with living(folder) as laptop:
        laptop.up(write_assembly(folder / "first", {**MODELS, **HEARD}))
        yield laptop


def names(laptop: Laptop, **asked: Any) -> list[str]:
    found = laptop.client("sagemaker").list_model_package_groups(**asked)["ModelPackageGroupSummaryList"]
    return [one["ModelPackageGroupName"] for one in found]


def test_a_stacks_group_is_described_and_listed(laptop: Laptop) -> None:
    sagemaker = laptop.client("sagemaker")
    found = sagemaker.describe_model_package_group(ModelPackageGroupName="cards-models")
    assert found["ModelPackageGroupArn"] == f"{ARN}cards-models"
    assert (found["ModelPackageGroupDescription"], found["ModelPackageGroupStatus"]) == ("cards", "Completed")
    assert names(laptop, NameContains="CARDS") == ["Cards-Models"]
    assert sagemaker.list_model_packages(ModelPackageGroupName="Cards-Models")["ModelPackageSummaryList"] == []


def test_a_group_is_made_and_deleted_by_its_callers(laptop: Laptop) -> None:
    sagemaker = laptop.client("sagemaker")
    for name in ("plates-b", "plates-a"):
        assert sagemaker.create_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"] == ARN + name
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName="Plates-A")
    assert names(laptop, NameContains="plates", SortBy="Name") == ["plates-a", "plates-b"]
    assert names(laptop, NameContains="plates", SortBy="Name", SortOrder="Descending", MaxResults=1) == ["plates-b"]
    for name in ("plates-a", f"{ARN}plates-b"):
        sagemaker.delete_model_package_group(ModelPackageGroupName=name)
    assert names(laptop, NameContains="plates") == []
    with pytest.raises(ClientError, match="plates-a does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName="plates-a")


def test_tags_of_a_stacks_group_may_change_and_its_description_not(laptop: Laptop, tmp_path: Path) -> None:
    tagged = group("Cards-Models", ModelPackageGroupDescription="cards", Tags=[{"Key": "owner", "Value": "me"}])
    laptop.up(write_assembly(tmp_path / "second", {"Models": {"Cards": tagged}, **HEARD}))
    assert names(laptop) == ["Cards-Models"]
    told = group("Cards-Models", ModelPackageGroupDescription="plates")
    with pytest.raises(DeploymentFailed, match="ModelPackageGroupDescription"):
        laptop.up(write_assembly(tmp_path / "third", {"Models": {"Cards": told}, **HEARD}))


def test_a_name_that_aws_refuses_is_refused(laptop: Laptop, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match="Cards"):
        laptop.up(write_assembly(tmp_path / "named", {"Other": {"Cards": group("cards_models")}, **HEARD}))


def register(laptop: Laptop, group: str, **more: Any) -> str:
    ask = {"ModelPackageGroupName": group, "InferenceSpecification": SPECIFICATION, **more}
    arn: str = laptop.client("sagemaker").create_model_package(**ask)["ModelPackageArn"]
    return arn


@pytest.fixture
def versions(laptop: Laptop) -> Iterator[str]:
    """A group of a test's own, empty again when it is over."""
    sagemaker, name = laptop.client("sagemaker"), "Versions"
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    yield name
    for one in sagemaker.list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]:
        sagemaker.delete_model_package(ModelPackageName=one["ModelPackageArn"])
    sagemaker.delete_model_package_group(ModelPackageGroupName=name)


def test_versions_are_numbered_and_no_number_is_given_again(laptop: Laptop, versions: str) -> None:
    sagemaker = laptop.client("sagemaker")
    first, second = (register(laptop, versions, ModelPackageDescription=text) for text in ("one", "two"))
    assert (first, second) == tuple(f"{PACKAGE}versions/{number}" for number in (1, 2))
    told = sagemaker.describe_model_package(ModelPackageName=first)
    assert (told["ModelPackageGroupName"], told["ModelPackageVersion"]) == ("Versions", 1)
    assert (told["ModelApprovalStatus"], told["ModelPackageStatus"]) == ("PendingManualApproval", "Completed")
    assert (told["InferenceSpecification"], told["ModelPackageDescription"]) == (SPECIFICATION, "one")
    sagemaker.delete_model_package(ModelPackageName=second)
    with pytest.raises(ClientError, match=r"versions/2 does not exist"):
        sagemaker.describe_model_package(ModelPackageName=second)
    assert register(laptop, versions) == f"{PACKAGE}versions/3"


def test_versions_are_listed_by_group_and_approval(laptop: Laptop, versions: str) -> None:
    register(laptop, versions), register(laptop, versions, ModelApprovalStatus="Approved")

    def listed(**asked: Any) -> list[int]:
        found = laptop.client("sagemaker").list_model_packages(**asked)["ModelPackageSummaryList"]
        return [one["ModelPackageVersion"] for one in found]

    assert listed(ModelPackageGroupName=versions) == [1, 2]
    assert listed(ModelPackageGroupName=versions, SortOrder="Descending", MaxResults=1) == [2]
    assert listed(ModelPackageGroupName=versions, ModelApprovalStatus="Approved") == [2]
    assert (listed(ModelPackageType="Versioned"), listed()) == ([1, 2], [])


def test_an_approval_is_kept_and_told(laptop: Laptop, versions: str) -> None:
    arn = register(laptop, versions, CustomerMetadataProperties={"commit": "abc", "note": "?"})
    laptop.client("sagemaker").update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="better than before",
        CustomerMetadataPropertiesToRemove=["note"],
    )
    told = laptop.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert (told["ModelApprovalStatus"], told["ApprovalDescription"]) == ("Approved", "better than before")
    assert told["CustomerMetadataProperties"] == {"commit": "abc"}
    mine = House(laptop).hear(
        lambda detail: detail.get("ModelPackageArn") == arn,
        until=lambda detail: detail["ModelApprovalStatus"] == "Approved",
    )
    assert [one["detail"]["ModelApprovalStatus"] for one in mine][-2:] == ["PendingManualApproval", "Approved"]
    assert (mine[-1]["detail-type"], mine[-1]["resources"]) == ("SageMaker Model Package State Change", [arn])


def test_a_request_that_is_made_again_registers_once(laptop: Laptop, versions: str) -> None:
    assert register(laptop, versions, ClientToken="a" * 32) == register(laptop, versions, ClientToken="a" * 32)
    assert register(laptop, versions, ClientToken="b" * 32).endswith("/2")


def test_a_group_with_versions_is_not_deleted_even_by_its_stack(laptop: Laptop, tmp_path: Path) -> None:
    laptop.up(write_assembly(tmp_path / "with", {**MODELS, "More": {"Kept": group("Kept-Models")}, **HEARD}))
    arn, sagemaker = register(laptop, "kept-models"), laptop.client("sagemaker")
    with pytest.raises(ClientError, match=r"ConflictException.*still has 1 versions"):
        sagemaker.delete_model_package_group(ModelPackageGroupName="Kept-Models")
    without = write_assembly(tmp_path / "without", {**MODELS, **HEARD})
    with pytest.raises(DeploymentFailed, match="More"):
        laptop.up(without)
    sagemaker.delete_model_package(ModelPackageName=arn)
    laptop.up(without)
    assert names(laptop, NameContains="kept") == []


def test_refuses_what_is_no_version_of_a_group(laptop: Laptop, versions: str) -> None:
    with pytest.raises(ClientError, match="versions of groups only"):
        laptop.client("sagemaker").create_model_package(ModelPackageName="alone", InferenceSpecification=SPECIFICATION)
    with pytest.raises(ClientError, match="nowhere does not exist"):
        register(laptop, "nowhere")
    with pytest.raises(ClientError, match="has the tags of its group"):
        register(laptop, versions, Tags=[{"Key": "a", "Value": "b"}])


@pytest.mark.denies
def test_a_caller_needs_the_permission_for_the_group(laptop: Laptop) -> None:
    iam = laptop.client("iam")
    iam.create_user(UserName="reader")
    allowed = {"Effect": "Allow", "Action": "sagemaker:DescribeModelPackageGroup", "Resource": f"{ARN}cards-*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="reader", PolicyName="may", PolicyDocument=document)
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = laptop.session().client(
        "sagemaker",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=None,
        endpoint_url=laptop.url,
    )
    assert reader.describe_model_package_group(ModelPackageGroupName="cards-models")["ModelPackageGroupName"]
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.delete_model_package_group(ModelPackageGroupName="cards-models")


def test_groups_survive_the_engine(tmp_path: Path) -> None:
    with living(tmp_path) as laptop:
        laptop.start()
        laptop.client("sagemaker").create_model_package_group(ModelPackageGroupName="kept")
        laptop.down()
        laptop.start()
        assert names(laptop) == ["kept"]
