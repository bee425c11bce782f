"""What the synthesized model-build stack promises."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from config import PROD, ModelBuildConfig
from lambdas.archive.tree import tree
from tests.conftest import ENVIRONMENTS, Template, new_app, resources, templates_of
from tests.model_build.definitions import example, functions, steps
from tests.templates import listed, may, object_actions, statements, text_of

PIPELINE = "AWS::SageMaker::Pipeline"
RUNTIME = "pipeline/runtime/loupe-prod-titanic-survival/*"


@pytest.fixture(scope="session")
def stack(prod: Mapping[str, Template]) -> Template:
    return prod["ModelBuild"]


@pytest.fixture(scope="session")
def definition(stack: Template) -> dict[str, Any]:
    """The deployed one, with `*` for what only a deploy knows."""
    [pipeline] = resources(stack, PIPELINE).values()
    found: dict[str, Any] = json.loads(text_of(pipeline["Properties"]["PipelineDefinition"]["PipelineDefinitionBody"]))
    return found


def actions(template: Template) -> set[str]:
    return {action for one in statements(template, "Role") for action in listed(one["Action"])}


def test_what_is_deployed_is_what_the_pure_function_says(definition: dict[str, Any]) -> None:
    ours = example(PROD.model_build)
    assert list(steps(definition)) == list(steps(ours))
    for name, step in steps(ours).items():
        assert shape(steps(definition)[name]) == shape(step)


def shape(value: Any) -> Any:
    """A definition without its words."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


def test_the_role_reads_code_and_tables_and_adds_below_its_own_runtime_only(stack: Template) -> None:
    assert may(stack, "Role", "s3:GetObject") == ["data/curated/*", "pipeline/code/*", RUNTIME]
    assert may(stack, "Role", "s3:PutObject") == [RUNTIME]
    assert object_actions(stack) == {
        "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListBucket",
    }  # fmt: skip


def test_no_action_is_a_wildcard_but_the_keys_two_variants(stack: Template) -> None:
    assert {one for one in actions(stack) if "*" in one} <= {"kms:GenerateDataKey*", "kms:ReEncrypt*"}


def test_every_place_of_the_definition_is_one_that_the_role_may_use(
    stack: Template, definition: dict[str, Any]
) -> None:
    readable, writable = may(stack, "Role", "s3:GetObject"), may(stack, "Role", "s3:PutObject")
    defaults = [
        one["DefaultValue"] for one in definition["Parameters"] if str(one.get("DefaultValue")).startswith("s3")
    ]
    assert len(defaults) == 2
    for uri in defaults:
        assert permitted(uri, readable)
    joined = [one["Values"] for one in functions(definition["Steps"], "Std:Join")]
    places = [f"{values[0]}/execution" for values in joined if str(values[0]).startswith("s3://")]
    assert len(places) == 3
    for uri in places:
        assert permitted(uri, readable)
        assert permitted(uri, writable)


def permitted(uri: str, globs: list[str]) -> bool:
    key = uri.removeprefix("s3://").partition("/")[2]
    return any(fnmatchcase(key, glob) for glob in globs)


def test_every_place_is_in_the_trees_contract(definition: dict[str, Any]) -> None:
    text = json.dumps(definition)
    prefixes = set(re.findall(r"s3://\*/([a-z]+/[a-z]+/)", text))
    assert prefixes == {"data/curated/", "pipeline/runtime/"}
    for key in ("pipeline/code/4f3e/pipeline_code.tar.gz", "pipeline/runtime/loupe-prod-titanic-survival/x/y/z.json"):
        place = tree().place_of(key)
        assert place
        assert place.slice == "model_build"


def test_it_may_pass_only_itself_and_only_to_sagemaker(stack: Template) -> None:
    [passing] = [one for one in statements(stack, "Role") if "iam:PassRole" in listed(one["Action"])]
    [role] = [name for name in resources(stack, "AWS::IAM::Role") if name.startswith("Role")]
    assert passing["Resource"] == {"Fn::GetAtt": [role, "Arn"]}
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    [trust] = resources(stack, "AWS::IAM::Role")[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}


def test_it_works_on_pipeline_jobs_and_its_own_group_only(stack: Template) -> None:
    for kind in ("Processing", "Training"):
        [jobs] = may(stack, "Role", f"sagemaker:Create{kind}Job")
        assert jobs.endswith(f":{kind.lower()}-job/pipelines-*")
    groups = may(stack, "Role", "sagemaker:CreateModelPackage")
    assert [one.rpartition(":")[2] for one in groups] == [
        "model-package-group/loupe-prod-titanic-survival", "model-package/loupe-prod-titanic-survival/*",
    ]  # fmt: skip


def test_images_are_pulled_from_sagemakers_own_account_of_the_region(
    stack: Template, definition: dict[str, Any]
) -> None:
    pulled = [text_of(one["Resource"]) for one in statements(stack, "Role") if "ecr:BatchGetImage" in one["Action"]]
    assert len(pulled) == 1
    [accounts] = stack["Mappings"].values()
    assert accounts["eu-west-1"] == {"Images": "141502667606"}
    application = steps(definition)["DataPreProcessing"]["Arguments"]["AppSpecification"]
    assert application["ImageUri"].endswith("/sagemaker-scikit-learn:1.2-1-cpu-py3")
    algorithm = steps(definition)["TrainModel"]["Arguments"]["AlgorithmSpecification"]
    assert algorithm["TrainingImage"].endswith("/sagemaker-xgboost:1.7-1")


def test_ends_and_verdicts_are_told_on_a_topic_that_keeps_them_secret(stack: Template) -> None:
    [topic] = resources(stack, "AWS::SNS::Topic").values()
    assert "KmsMasterKeyId" in topic["Properties"]
    rules = [rule["Properties"] for rule in resources(stack, "AWS::Events::Rule").values()]
    said = {rule["EventPattern"]["detail-type"][0]: rule["EventPattern"]["detail"] for rule in rules}
    ended = said["SageMaker Model Building Pipeline Execution Status Change"]
    assert ended["currentPipelineExecutionStatus"] == ["Succeeded", "Failed", "Stopped"]
    assert said["SageMaker Model Package State Change"]["ModelApprovalStatus"] == ["Approved", "Rejected"]


def test_the_group_is_the_archives_and_outlives_it_where_data_does(prod: Mapping[str, Template]) -> None:
    groups = resources(prod["Archive"], "AWS::SageMaker::ModelPackageGroup").values()
    [ours] = [one for one in groups if one["Properties"]["ModelPackageGroupName"] == "loupe-prod-titanic-survival"]
    assert ours["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_pipeline_and_jobs_are_tagged(environment: str) -> None:
    [pipeline] = resources(templates_of(environment)["ModelBuild"], PIPELINE).values()
    wanted = {"project", "env", "owner", "managed_by", "cost_center"}
    assert {tag["Key"] for tag in pipeline["Properties"]["Tags"]} == wanted
    told = json.loads(text_of(pipeline["Properties"]["PipelineDefinition"]["PipelineDefinitionBody"]))
    for step in steps(told).values():
        if "RoleArn" in step["Arguments"]:
            assert {tag["Key"] for tag in step["Arguments"]["Tags"]} == wanted


def test_there_is_no_schedule_unless_somebody_asks_for_one(stack: Template, tmp_path: Path) -> None:
    assert not any(
        "ScheduleExpression" in rule["Properties"] for rule in resources(stack, "AWS::Events::Rule").values()
    )
    nightly = ModelBuildConfig(schedule="cron(0 2 * * ? *)", scheduled_commit="4f3e" * 10)
    new_app(replace(PROD, model_build=nightly), tmp_path).synth()
    made = json.loads((tmp_path / "ModelBuild.template.json").read_text())
    rules = [rule["Properties"] for rule in resources(made, "AWS::Events::Rule").values()]
    [rule] = [one for one in rules if one.get("ScheduleExpression") == "cron(0 2 * * ? *)"]
    [parameter] = rule["Targets"][0]["SageMakerPipelineParameters"]["PipelineParameterList"]
    assert parameter["Name"] == "CodeBundleUri"
    assert text_of(parameter["Value"]).endswith(f"/pipeline/code/{'4f3e' * 10}/pipeline_code.tar.gz")
    [role] = [name for name in resources(made, "AWS::IAM::Role") if name.startswith("ScheduleRole")]
    assert [one["Action"] for one in statements(made, "ScheduleRole")] == ["sagemaker:StartPipelineExecution"]
    assert rule["Targets"][0]["RoleArn"] == {"Fn::GetAtt": [role, "Arn"]}


def test_a_schedule_needs_a_commit() -> None:
    with pytest.raises(ValueError, match="scheduled_commit must be a commit's 40 digits"):
        ModelBuildConfig(schedule="rate(1 day)", scheduled_commit="main")


def test_a_model_has_a_group_to_be_registered_in() -> None:
    with pytest.raises(ValueError, match="model_families must name 'cards'"):
        replace(PROD, model_build=ModelBuildConfig(family="cards"))


def test_clients_find_pipeline_group_and_topic(stack: Template) -> None:
    names = {one["Properties"]["Name"] for one in resources(stack, "AWS::SSM::Parameter").values()}
    assert names == {f"/loupe/prod/model_build/{name}" for name in ("pipeline", "model-group", "notification-topic")}
