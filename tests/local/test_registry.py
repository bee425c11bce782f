"""Promises of SageMaker's model registry on the laptop."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop import Laptop
from local.stacks import DeploymentFailed
from tests.local.assemblies import Resources, write_assembly
from tests.local.house import living

pytestmark = pytest.mark.laptop
ARN = "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/"


def group(name: str, **more: Any) -> Resources:
    return {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {"ModelPackageGroupName": name, **more}}


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    folder = tmp_path_factory.mktemp("registry")
    with living(folder) as laptop:
        stack = {"Cards": group("Cards-Models", ModelPackageGroupDescription="cards")}
        laptop.up(write_assembly(folder / "first", {"Models": stack}))
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
    laptop.up(write_assembly(tmp_path / "second", {"Models": {"Cards": tagged}}))
    assert names(laptop) == ["Cards-Models"]
    told = group("Cards-Models", ModelPackageGroupDescription="plates")
    with pytest.raises(DeploymentFailed, match="ModelPackageGroupDescription"):
        laptop.up(write_assembly(tmp_path / "third", {"Models": {"Cards": told}}))


def test_a_name_that_aws_refuses_is_refused(laptop: Laptop, tmp_path: Path) -> None:
    with pytest.raises(DeploymentFailed, match="Cards"):
        laptop.up(write_assembly(tmp_path / "named", {"Other": {"Cards": group("cards_models")}}))


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
