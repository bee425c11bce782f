"""What the synthesized plate-runs stack promises."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from config import PROD, PlateRunsConfig
from containers.plate_runs import settings
from containers.plate_runs.__main__ import flags
from containers.plate_runs.models import MODELS
from lambdas.plate_runs.settings import EndSettings, StartSettings
from loupe import contracts
from loupe.settings import Settings
from tests.conftest import ENVIRONMENTS, Template, resources, templates_of
from tests.templates import may, object_actions, statements, text_of

JOB_NAME_MOST = 63
LONGEST_RUN = "run-20260104-043258-877a06a6-0f3a5b7c"
STATE_MACHINE = "AWS::StepFunctions::StateMachine"


@pytest.fixture(scope="session")
def stack(prod: Mapping[str, Template]) -> Template:
    return prod["PlateRuns"]


def definition(template: Template) -> dict[str, Any]:
    [machine] = resources(template, STATE_MACHINE).values()
    found: dict[str, Any] = json.loads(text_of(machine["Properties"]["DefinitionString"]))
    return found


@pytest.fixture(scope="session")
def states(stack: Template) -> dict[str, Any]:
    """The machine's states and those of a shard."""
    top = definition(stack)["States"]
    return {**top, **top["Shards"]["ItemProcessor"]["States"]}


def test_the_run_role_reads_a_dataset_and_adds_to_runs_and_reports_only(stack: Template) -> None:
    assert may(stack, "JobsRunRole", "s3:GetObject") == [
        "plates/*/ledger/*", "plates/*/plates_structured/*", "plates/*/reports/*", "plates/*/schemas/*",
    ]  # fmt: skip
    assert may(stack, "JobsRunRole", "s3:PutObject") == ["plates/*/plates_structured/*/runs/*", "plates/*/reports/*"]


def test_the_ledger_role_reads_the_tree_and_writes_ledgers_only(stack: Template) -> None:
    assert may(stack, "JobsLedgerRole", "s3:GetObject") == [
        "plates/*/ledger/*", "plates/*/plates_structured/*", "plates/*/schemas/*",
    ]  # fmt: skip
    assert may(stack, "JobsLedgerRole", "s3:PutObject") == ["plates/*/ledger/*"]


def test_the_start_function_writes_claims_only(stack: Template) -> None:
    assert may(stack, "StartRole", "s3:PutObject") == ["plates/*/reports/*/claim.json*"]
    assert may(stack, "StartRole", "s3:GetObject") == ["plates/*/reports/*/claim.json*"]


def test_keys_are_listed_below_plates_only(stack: Template) -> None:
    for role in ("JobsRunRole", "JobsLedgerRole", "StartRole"):
        [listing] = [one for one in statements(stack, role) if one["Action"] == "s3:ListBucket"]
        assert listing["Condition"] == {"StringLikeIfExists": {"s3:prefix": "plates/*"}}


def test_no_role_deletes_anything_or_changes_a_bucket(stack: Template) -> None:
    assert object_actions(stack) == {"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:ListBucket"}


def test_the_machine_may_run_jobs_of_runs_as_the_two_roles_and_hear_of_their_end(stack: Template) -> None:
    verbs = ("CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob", "AddTags", "ListTags")
    for verb in verbs:
        assert [arn.rpartition(":")[2] for arn in may(stack, "RunsRole", f"sagemaker:{verb}")] == [
            "processing-job/run-*"
        ]
    for verb in ("PutTargets", "PutRule", "DescribeRule"):
        [rule] = may(stack, "RunsRole", f"events:{verb}")
        assert rule.endswith(":rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule")
    [passing] = [one for one in statements(stack, "RunsRole") if one["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert {one["Fn::GetAtt"][0][:-8] for one in passing["Resource"]} == {"JobsRunRole", "JobsLedgerRole"}
    [calling] = [one for one in statements(stack, "RunsRole") if one["Action"] == "lambda:InvokeFunction"]
    assert {one["Fn::GetAtt"][0][:-8] for one in calling["Resource"]} == {"Start", "End"}


def test_executions_are_standard_logged_and_traced(stack: Template) -> None:
    [machine] = resources(stack, STATE_MACHINE).values()
    properties = machine["Properties"]
    assert properties["StateMachineType"] == "STANDARD"
    assert (properties["LoggingConfiguration"]["Level"], properties["TracingConfiguration"]) == (
        "ALL",
        {"Enabled": True},
    )


@pytest.mark.parametrize("name", ["Measure", "Ledger"])
def test_the_program_accepts_what_a_job_tells_it(
    states: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    request = states[name]["Parameters"]
    told = {"$.run.dataset": "s3://b/plates/birds", "$.run.models": ",".join(MODELS), "$.shard": "0/3"}
    for variable in (settings.DATASET, settings.MODELS, settings.SHARD, settings.RUN_ID):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in request["Environment"].items():
        monkeypatch.setenv(variable.removesuffix(".$"), told.get(value, value))
    asked = vars(flags().parse_args(request["AppSpecification"]["ContainerArguments"]))
    assert asked["dataset"] == "s3://b/plates/birds"
    if name == "Measure":
        assert asked["models"] == list(MODELS)
        assert (asked["shard"].index, asked["shard"].count, asked["run_id"]) == (0, 3, "$.run.run_id")


@pytest.mark.parametrize("name", ["Measure", "Ledger"])
def test_a_job_has_a_name_that_no_other_has_and_sagemaker_takes(states: dict[str, Any], name: str) -> None:
    expression = states[name]["Parameters"]["ProcessingJobName.$"]
    form, *parts = expression.removeprefix("States.Format('").removesuffix(")").replace("',", ",").split(", ")
    most = {
        "$.run.jobs": LONGEST_RUN,
        "$.index": PROD.plate_runs.most_shards - 1,
        "$.attempt": 9,
        "$$.State.RetryCount": 99,
    }
    assert parts[0] == "$.run.jobs"
    assert parts[-1] == "$$.State.RetryCount"
    assert len(form.format(*(most[part] for part in parts))) <= JOB_NAME_MOST


def test_a_jobs_request_names_the_machine_of_the_configuration(states: dict[str, Any]) -> None:
    config, request = PROD.plate_runs, states["Measure"]["Parameters"]
    assert request["ProcessingResources"]["ClusterConfig"] == {
        "InstanceType": config.instance_type, "InstanceCount": 1, "VolumeSizeInGB": config.volume_gib,
    }  # fmt: skip
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": config.job_hours * 3600}
    assert states["Measure"]["TimeoutSeconds"] > config.job_hours * 3600
    assert states["Shards"]["MaxConcurrency"] == config.jobs_at_once
    tags = {tag["Key"]: tag.get("Value", tag.get("Value.$")) for tag in request["Tags"]}
    assert (tags["project"], tags["env"], tags["run_id"]) == ("loupe", "prod", "$.run.run_id")


def test_a_shard_is_measured_again_for_sagemakers_faults_and_never_for_its_programs(states: dict[str, Any]) -> None:
    retried = {error for rule in states["Measure"]["Retry"] for error in rule["ErrorEquals"]}
    assert all(error.startswith("SageMaker.") for error in retried)
    [worth_another] = states["HostFailed"]["Choices"]
    patience, host = worth_another["And"]
    assert patience == {"Variable": "$.attempt", "NumericLessThan": PROD.plate_runs.attempts - 1}

    def again(reason: str) -> bool:
        said = {"ExitMessage": "x", "FailureReason": reason}
        causes = [json.dumps(said, separators=separators) for separators in (None, (",", ":"))]
        [found] = {any(fnmatchcase(cause, rule["StringMatches"]) for rule in host["Or"]) for cause in causes}
        return found

    assert again("CapacityError: Unable to provision requested ML compute capacity.")
    assert again("InternalServerError: We encountered an internal error. Please try again.")
    assert not again("AlgorithmError: run-1: plate-002: InternalServerError, exit code: 1")
    assert not again("ClientError: Access denied for the image")


def test_a_shard_that_fails_stops_no_other_and_the_ledger_is_kept_all_the_same(states: dict[str, Any]) -> None:
    assert states["Measure"]["Catch"] == [
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "HostFailed"}
    ]
    assert states["Left"]["End"]
    assert states["Shards"]["Next"] == "Ledger"


def test_every_way_through_the_machine_ends_by_being_told(states: dict[str, Any]) -> None:
    for name in ("Begin", "Shards", "Ledger"):
        [caught] = states[name]["Catch"]
        after = states[caught["Next"]].get("Next", caught["Next"])
        assert (caught["ErrorEquals"], "End" in {after, caught["Next"]}) == (["States.ALL"], True)
    assert states["Ledger"]["Next"] == "End"
    assert states["Failed"]["Type"] == "Fail"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_schedule_is_off_unless_the_configuration_says_when(environment: str) -> None:
    [rule] = resources(templates_of(environment)["PlateRuns"], "AWS::Events::Rule").values()
    assert (rule["Properties"]["State"] == "ENABLED") is bool(ENVIRONMENTS[environment].plate_runs.schedule)
    [target] = rule["Properties"]["Targets"]
    assert contracts.check(
        "plate_runs/start_request", {"execution": "e", "started": "s", "input": json.loads(target["Input"])}
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_models_of_the_configuration_are_the_programs(environment: str) -> None:
    assert set(ENVIRONMENTS[environment].plate_runs.models) <= set(MODELS)
    named = contracts.schema("plate_runs/start_request")["properties"]["input"]["properties"]["models"]
    assert named["items"]["enum"] == list(MODELS)


@pytest.mark.parametrize(("function", "read"), [("Start", StartSettings), ("End", EndSettings)])
def test_a_function_is_told_exactly_what_it_reads(stack: Template, function: str, read: type[Settings]) -> None:
    [found] = [one for name, one in resources(stack, "AWS::Lambda::Function").items() if name[:-8] == function]
    told = found["Properties"]["Environment"]["Variables"]
    known = read.from_environ({name: value if isinstance(value, str) else "token" for name, value in told.items()})
    assert set(known.to_environ()) == set(told)


def test_clients_find_machine_topic_and_log(stack: Template) -> None:
    names = {one["Properties"]["Name"] for one in resources(stack, "AWS::SSM::Parameter").values()}
    assert names == {f"/loupe/prod/plate_runs/{name}" for name in ("state-machine", "notification-topic", "log-group")}
    assert {"StateMachineArn", "NotificationTopicArn"} <= set(stack["Outputs"])


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ({"shards": 33}, "shards must be between 1 and 32, not 33"),
        ({"most_shards": 41}, "most_shards must be between 1 and 40, not 41"),
        ({"job_hours": 217}, "job_hours must be between 1 and 216, not 217"),
        ({"models": ()}, "models must name at least one model"),
        ({"schedule": "daily"}, "schedule must be cron"),
    ],
)
def test_a_configuration_that_aws_would_refuse_is_refused_here(numbers: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        PlateRunsConfig(**numbers)
