"""What the synthesized archive stack promises."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from config import PROD
from lambdas.archive.settings import MetricsSettings, VerifySettings
from loupe import contracts
from loupe.settings import Settings
from tests.conftest import ENVIRONMENTS, Template, resources, templates_of
from tests.templates import may, object_actions, text_of

GROUP = "AWS::SageMaker::ModelPackageGroup"


@pytest.fixture(scope="session")
def stack(prod: Mapping[str, Template]) -> Template:
    return prod["Archive"]


def test_verification_reads_the_project_and_adds_reports_only(stack: Template) -> None:
    assert may(stack, "VerifyRole", "s3:GetObject") == ["*"]
    assert may(stack, "VerifyRole", "s3:PutObject") == ["metadata/verification/*"]
    assert len(may(stack, "VerifyRole", "s3:ListBucketVersions")) == 1


def test_metrics_read_what_tells_of_runs_and_models_and_write_figures_only(stack: Template) -> None:
    assert may(stack, "MetricsRole", "s3:GetObject") == [
        "models/*/model.json*", "ocr/*/manifest.json*", "plates/*/reports/*",
    ]  # fmt: skip
    assert may(stack, "MetricsRole", "s3:PutObject") == ["analytics/metrics/*"]
    assert len(may(stack, "MetricsRole", "s3:ListBucketVersions")) == 3


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_role_deletes_anything_or_changes_a_bucket(environment: str) -> None:
    reading = {"s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"}
    assert object_actions(templates_of(environment)["Archive"]) == {*reading, "s3:PutObject"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_schedules_are_on_in_accounts_and_off_on_the_laptop(environment: str) -> None:
    rules = resources(templates_of(environment)["Archive"], "AWS::Events::Rule")
    assert {name[:-8]: rule["Properties"]["State"] for name, rule in rules.items()} == dict.fromkeys(
        ("VerifySchedule", "MetricsSchedule"), "DISABLED" if environment == "laptop" else "ENABLED"
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_family_of_models_has_a_group_that_stays_where_data_does(environment: str) -> None:
    config, groups = ENVIRONMENTS[environment], resources(templates_of(environment)["Archive"], GROUP).values()
    assert [group["Properties"]["ModelPackageGroupName"] for group in groups] == [
        f"loupe-{environment}-{family}" for family in config.archive.model_families
    ]
    assert {group["DeletionPolicy"] for group in groups} == {"Retain" if config.retain_data else "Delete"}


def states(stack: Template) -> dict[str, Any]:
    [machine] = resources(stack, "AWS::StepFunctions::StateMachine").values()
    found: dict[str, Any] = json.loads(text_of(machine["Properties"]["DefinitionString"]))["States"]
    return found


def test_a_night_goes_on_leg_by_leg_until_all_is_compared(stack: Template) -> None:
    found = states(stack)
    assert found["Begin"]["Next"] == "Verify"
    assert found["Compared"]["Choices"] == [{"Variable": "$.done", "BooleanEquals": True, "Next": "Reported"}]
    assert found["Compared"]["Default"] == "Verify"


def test_the_machine_speaks_the_functions_words(stack: Template) -> None:
    found = states(stack)
    begun = {**found["Begin"]["Parameters"], "read_all": False}
    begun.pop("read_all.$")
    told = {"execution": "e", "started": "s", **begun}
    assert set(found["Verify"]["Parameters"]["Payload"]) == {f"{name}.$" for name in told}
    assert contracts.check("archive/verify_request", told)
    answered = set(contracts.schema("archive/verify_answer")["properties"])
    assert {"done", *begun} <= answered


def test_a_night_that_fails_is_told_in_the_words_of_its_failure(stack: Template) -> None:
    found = states(stack)
    assert found["Verify"]["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Tell"}]
    message = {name.removesuffix(".$"): value for name, value in found["Tell"]["Parameters"]["Message"].items()}
    assert contracts.check("archive/notification", {**message, "date": "2026-01-11"})
    assert (message["reason"], found["Tell"]["Next"]) == ("$.failure.Cause", "Failed")


def test_a_leg_leaves_its_function_time_for_the_step_after_it(stack: Template) -> None:
    config = PROD.archive
    assert config.leg_seconds * 2 <= config.function_timeout_seconds
    assert states(stack)["Verify"]["TimeoutSeconds"] > config.function_timeout_seconds


@pytest.mark.parametrize(("function", "read"), [("Verify", VerifySettings), ("Metrics", MetricsSettings)])
def test_a_function_is_told_exactly_what_it_reads(stack: Template, function: str, read: type[Settings]) -> None:
    [found] = [one for name, one in resources(stack, "AWS::Lambda::Function").items() if name[:-8] == function]
    told = found["Properties"]["Environment"]["Variables"]
    known = read.from_environ({name: value if isinstance(value, str) else "token" for name, value in told.items()})
    assert set(known.to_environ()) == set(told)
