"""Promises of pipelines on the laptop as stacks and callers make, change and delete them."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.stacks import DeploymentFailed
from tests.local.learning_assemblies import pipeline
from tests.local.pipeline_definitions import definition, filled, processing
from tests.local.pipeline_house import PipelineHouse, pipeline_house

pytestmark = pytest.mark.laptop
ARN = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/"
ONE = definition(processing("One", "true"), Word="a")
WAIT = definition(processing("Long", "sleep 60"))


def tagged(**tags: str) -> dict[str, Any]:
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def deploy(house: PipelineHouse, folder: Path, told: dict[str, Any], **tags: str) -> PipelineHouse:
    """The stack with another pipeline, `other`."""
    return pipeline_house(house.laptop, folder, Other=pipeline("other", told, **tagged(**tags)))


def test_a_stack_makes_changes_and_deletes_its_pipeline(learning: PipelineHouse, tmp_path: Path) -> None:
    deploy(learning, tmp_path / "first", ONE, project="loupe")
    before = learning.start("other", Word="b")
    learning.finished(before)
    two = definition(processing("One", "true"), processing("Two", "true"))
    deploy(learning, tmp_path / "second", two, project="loupe", env="dev")
    assert set(learning.outcome("other")[1]) == {"One", "Two"}
    told = learning.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=before)
    assert [step["Name"] for step in json.loads(told["PipelineDefinition"])["Steps"]] == ["One"]
    tags = learning.sagemaker.list_tags(ResourceArn=f"{ARN}other")["Tags"]
    assert tags == tagged(project="loupe", env="dev")["Tags"]
    pipeline_house(learning.laptop, tmp_path / "third")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        learning.sagemaker.describe_pipeline(PipelineName="other")


def test_a_stack_with_a_definition_that_cannot_run_fails_and_names_the_step(
    learning: PipelineHouse, tmp_path: Path
) -> None:
    wrong = definition(processing("One", "true", DependsOn=["Nowhere"]))
    with pytest.raises(DeploymentFailed, match=r"Other \(AWS::SageMaker::Pipeline\).*step One needs a step Nowhere"):
        deploy(learning, tmp_path / "wrong", wrong)


def test_a_pipeline_is_described_listed_changed_and_deleted(learning: PipelineHouse) -> None:
    name = learning.add(ONE, PipelineDisplayName="mine")
    told = learning.sagemaker.describe_pipeline(PipelineName=f"{ARN}{name}")
    assert (told["PipelineName"], told["PipelineStatus"], told["PipelineDisplayName"]) == (name, "Active", "mine")
    with pytest.raises(ClientError, match=r"ValidationException.*already exists"):
        learning.sagemaker.create_pipeline(**ask(learning, name))
    learning.sagemaker.update_pipeline(PipelineName=name, PipelineDescription="changed")
    [listed] = learning.sagemaker.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]
    assert listed["PipelineDescription"] == "changed"
    assert learning.sagemaker.delete_pipeline(PipelineName=name)["PipelineArn"] == f"{ARN}{name}"
    for call in (learning.sagemaker.describe_pipeline, learning.sagemaker.list_pipeline_executions):
        with pytest.raises(ClientError, match=r"ResourceNotFound"):
            call(PipelineName=name)


def test_a_pipeline_that_runs_is_not_deleted(learning: PipelineHouse) -> None:
    name = learning.add(WAIT)
    arn = learning.start(name)
    with pytest.raises(ClientError, match=r"ConflictException.*cannot be deleted"):
        learning.sagemaker.delete_pipeline(PipelineName=name)
    learning.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    learning.finished(arn)
    learning.sagemaker.delete_pipeline(PipelineName=name)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        learning.execution(arn)


def test_a_role_that_sagemaker_may_not_assume_starts_nothing(learning: PipelineHouse) -> None:
    name = learning.add(ONE)
    learning.sagemaker.update_pipeline(PipelineName=name, RoleArn=learning.role("LambdaRole"))
    with pytest.raises(ClientError, match=r"ValidationException.*unable to assume the role"):
        learning.start(name)


@pytest.mark.denies
def test_callers_need_permission_on_the_pipeline_and_on_its_role(learning: PipelineHouse) -> None:
    learning.iam.create_user(UserName="maker")
    key = learning.iam.create_access_key(UserName="maker")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    sagemaker = session.client("sagemaker", endpoint_url=learning.laptop.url)
    needed: list[dict[str, Any]] = [
        {"Action": "sagemaker:CreatePipeline", "Resource": f"{ARN}theirs"},
        {"Action": "iam:PassRole", "Resource": learning.role("PipelineRole")},
    ]

    def give(statements: list[dict[str, Any]]) -> None:
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]}
        learning.iam.put_user_policy(UserName="maker", PolicyName="may", PolicyDocument=json.dumps(document))

    for missing in needed:
        give([one for one in needed if one != missing])
        with pytest.raises(ClientError, match=rf"AccessDenied.*{missing['Action']}"):
            sagemaker.create_pipeline(**ask(learning, "theirs"))
    give(needed)
    sagemaker.create_pipeline(**ask(learning, "theirs"))
    with pytest.raises(ClientError, match=rf"StartPipelineExecution on resource: {ARN}theirs"):
        sagemaker.start_pipeline_execution(PipelineName="theirs", ClientRequestToken="t" * 32)


def ask(house: PipelineHouse, name: str) -> dict[str, Any]:
    body = filled(ONE, bucket=house.ids["Bucket"], role=house.role("JobRole"))
    return {"PipelineName": name, "PipelineDefinition": body, "RoleArn": house.role("PipelineRole")}
