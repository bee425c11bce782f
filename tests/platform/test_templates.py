"""CloudFormation itself would accept what we synthesize."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ENVIRONMENTS, synthesized, templates_of


@pytest.mark.parametrize("environment", ["laptop", "prod"])
def test_cfn_lint_finds_nothing(environment: str) -> None:
    files = [str(path) for path in synthesized(environment).glob("*.template.json")]
    command = [
        str(Path(sys.executable).parent / "cfn-lint"),
        "--ignore-checks",
        "W3005",
        "--",
        *files,
    ]  # W3005: redundant DependsOn
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_stack_brings_a_custom_resource_or_names_its_resources(environment: str) -> None:
    names = {"BucketName", "TableName", "QueueName", "FunctionName", "RoleName", "ModelName", "EndpointConfigName"}
    for template in templates_of(environment).values():
        for resource in template["Resources"].values():
            assert not resource["Type"].startswith(("Custom::", "AWS::CloudFormation::CustomResource"))
            if resource["Type"] not in {"AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping"}:
                assert names.isdisjoint(resource.get("Properties", {})) or "Fn::GetAtt" in str(resource)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_role_carries_a_managed_policy(environment: str) -> None:
    for template in templates_of(environment).values():
        assert "ManagedPolicyArns" not in str(template)
