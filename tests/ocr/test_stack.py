"""What the synthesized ocr stack promises, and the project bucket that its datasets land in."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from config import PROD
from lambdas.ocr.settings import CONTAINER, RunSettings, SubmitSettings
from tests.conftest import ENVIRONMENTS, Template, resources, templates_of


def only(template: Template, kind: str) -> dict[str, Any]:
    [found] = resources(template, kind).values()
    return dict(found["Properties"])


def properties(template: Template, kind: str, name: str) -> dict[str, Any]:
    """The properties of the one resource whose logical id is this name and a hash."""
    [found] = [r for key, r in resources(template, kind).items() if key[:-8] == name]
    return dict(found["Properties"])


def allowed(template: Template, role: str) -> dict[str, list[str]]:
    """What a role may do: each action with the resources, as text."""
    policy = properties(template, "AWS::IAM::Policy", f"{role}DefaultPolicy")
    found: dict[str, list[str]] = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        actions, targets = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            found[action] = [json.dumps(one) for one in (targets if isinstance(targets, list) else [targets])]
    return found


@pytest.fixture(scope="session")
def ocr(prod: Mapping[str, Template]) -> Template:
    return prod["Ocr"]


@pytest.fixture(scope="session")
def definition(ocr: Template) -> dict[str, Any]:
    return only(ocr, "AWS::Batch::JobDefinition")


@pytest.fixture(scope="session")
def container(definition: dict[str, Any]) -> dict[str, Any]:
    [task] = definition["EcsProperties"]["TaskProperties"]
    [found] = task["Containers"]
    return dict(found)


def test_jobs_run_on_spot_first_and_on_demand_when_spot_has_nothing_left(ocr: Template) -> None:
    kinds = {
        name: found["Properties"]["ComputeResources"]["Type"]
        for name, found in resources(ocr, "AWS::Batch::ComputeEnvironment").items()
    }
    order = only(ocr, "AWS::Batch::JobQueue")["ComputeEnvironmentOrder"]
    by_order = sorted(order, key=lambda one: one["Order"])
    names = [one["ComputeEnvironment"]["Fn::GetAtt"][0] for one in by_order]
    assert [kinds[name] for name in names] == ["FARGATE_SPOT", "FARGATE"]


def test_a_job_that_can_never_run_is_cancelled_and_one_that_waits_its_turn_is_not(ocr: Template) -> None:
    limits = only(ocr, "AWS::Batch::JobQueue")["JobStateTimeLimitActions"]
    assert {limit["State"] for limit in limits} == {"RUNNABLE"}
    assert {limit["MaxTimeSeconds"] for limit in limits} == {24 * 3600}
    assert all(limit["Reason"].startswith(("CAPACITY:", "MISCONFIGURATION:")) for limit in limits)


def test_a_reclaimed_program_has_nearly_two_minutes_to_save_its_rows(container: dict[str, Any]) -> None:
    assert container["StopTimeout"] == 110


def outcome(definition: dict[str, Any], *, status_reason: str = "", reason: str = "", code: int | None = None) -> str:
    """What Batch does after an attempt: the first rule all of whose patterns match; RETRY where none does."""
    values = {"OnStatusReason": status_reason, "OnReason": reason, "OnExitCode": "" if code is None else str(code)}
    for rule in definition["RetryStrategy"]["EvaluateOnExit"]:
        if all(fnmatchcase(values[name], pattern) for name, pattern in rule.items() if name != "Action"):
            return str(rule["Action"])
    return "RETRY"


EXITED, SPOT = "Essential container in task exited", "Your Spot Task was interrupted."


@pytest.mark.parametrize(
    ("ended", "then"),
    [
        ({"status_reason": SPOT, "code": 75}, "RETRY"),
        ({"status_reason": SPOT, "code": 137}, "RETRY"),
        ({"reason": "CannotPullContainerError: i/o timeout"}, "RETRY"),
        ({"status_reason": "CannotPullContainerError: i/o timeout"}, "RETRY"),
        ({"status_reason": "ResourceInitializationError: unable to pull secrets"}, "RETRY"),
        ({"status_reason": EXITED, "code": 75}, "EXIT"),
        ({"status_reason": EXITED, "code": 1}, "EXIT"),
        ({"status_reason": EXITED, "reason": "OutOfMemoryError: Container killed", "code": 137}, "EXIT"),
        ({"status_reason": "Task failed to start"}, "EXIT"),
    ],
)
def test_an_attempt_is_repeated_only_when_the_program_is_not_to_blame(
    definition: dict[str, Any], ended: dict[str, Any], then: str
) -> None:
    assert outcome(definition, **ended) == then


def test_retry_rules_are_as_many_and_of_such_letters_as_batch_takes(definition: dict[str, Any]) -> None:
    rules = definition["RetryStrategy"]["EvaluateOnExit"]
    assert len(rules) <= 5
    assert rules[-1] == {"Action": "EXIT", "OnReason": "*"}
    assert all("*" not in str(pattern)[:-1] for rule in rules for pattern in rule.values())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_attempt_ends_within_the_life_of_a_fargate_job(environment: str) -> None:
    definition = only(templates_of(environment)["Ocr"], "AWS::Batch::JobDefinition")
    hours = ENVIRONMENTS[environment].ocr.attempt_hours
    assert definition["Timeout"] == {"AttemptDurationSeconds": hours * 3600}
    assert hours <= 14 * 24


def test_address_and_key_come_from_the_one_secret_and_never_as_plain_environment(
    ocr: Template, container: dict[str, Any]
) -> None:
    [secret] = resources(ocr, "AWS::SecretsManager::Secret")
    parts = {one["Name"]: one["ValueFrom"]["Fn::Join"][1] for one in container["Secrets"]}
    assert parts == {
        "LOUPE_OCR_URL": [{"Ref": secret}, ":url::"],
        "LOUPE_OCR_KEY": [{"Ref": secret}, ":key::"],
    }
    assert {one["Name"] for one in container["Environment"]} == {"LOUPE_ENVIRONMENT", "LOUPE_USD_PER_PAGE"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_secret_is_made_without_a_key_and_with_the_address(environment: str) -> None:
    secret = only(templates_of(environment)["Ocr"], "AWS::SecretsManager::Secret")
    assert json.loads(secret["SecretString"]) == {"url": ENVIRONMENTS[environment].ocr.service_url, "key": ""}
    assert "GenerateSecretString" not in secret
    assert "KmsKeyId" in secret


def test_only_whoever_starts_the_job_may_read_the_secret(ocr: Template) -> None:
    readers = [
        name
        for name, policy in resources(ocr, "AWS::IAM::Policy").items()
        if "secretsmanager" in json.dumps(policy["Properties"])
    ]
    assert [name[:-8] for name in readers] == ["JobExecutionRoleDefaultPolicy"]
    [secret] = resources(ocr, "AWS::SecretsManager::Secret")
    assert allowed(ocr, "JobExecutionRole")["secretsmanager:GetSecretValue"] == [json.dumps({"Ref": secret})]


def test_the_job_reads_data_adds_to_runs_and_may_do_nothing_else(ocr: Template) -> None:
    may = allowed(ocr, "JobJobRole")
    assert {action for action in may if not action.startswith("kms:")} == {
        "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListBucket",
    }  # fmt: skip
    data, runs = may["s3:GetObject"]
    assert ("Project" in data, '"/data/*"' in data) == (True, True)
    assert ("Results" in runs, '"/ocr/*"' in runs) == (True, True)
    [added] = may["s3:PutObject"]
    assert ("Results" in added, '"/ocr/*"' in added) == (True, True)


def test_the_submit_function_submits_this_job_to_this_queue_only(ocr: Template) -> None:
    may = allowed(ocr, "SubmitRole")
    assert [json.loads(one) for one in may["batch:SubmitJob"]] == [
        {"Fn::GetAtt": [name_of(ocr, "AWS::Batch::JobQueue"), "JobQueueArn"]},
        {"Ref": name_of(ocr, "AWS::Batch::JobDefinition")},
    ]
    assert '"/data/ocr/*"' in may["s3:GetObject"][0]
    assert not {action for action in may if action.startswith(("iam:", "s3:Put", "batch:Terminate"))}


def name_of(template: Template, kind: str) -> str:
    [name] = resources(template, kind)
    return name


def test_nothing_can_call_in_and_jobs_call_out_by_https_only(ocr: Template) -> None:
    group = only(ocr, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert [(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupEgress"]] == [
        ("tcp", 443, 443)
    ]
    assert resources(ocr, "AWS::EC2::SecurityGroupIngress") == {}


def test_the_network_costs_nothing_while_no_job_runs(ocr: Template) -> None:
    kinds = {found["Type"] for found in ocr["Resources"].values()}
    assert kinds.isdisjoint({"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Instance"})
    assert only(ocr, "AWS::EC2::VPCEndpoint")["VpcEndpointType"] == "Gateway"
    for environment in resources(ocr, "AWS::Batch::ComputeEnvironment").values():
        assert "MinvCpus" not in environment["Properties"]["ComputeResources"]


def test_a_job_gets_an_address_of_its_own_to_call_out(definition: dict[str, Any]) -> None:
    [task] = definition["EcsProperties"]["TaskProperties"]
    assert task["NetworkConfiguration"] == {"AssignPublicIp": "ENABLED"}


def test_jobs_wait_for_the_way_out_to_be_there(ocr: Template) -> None:
    for environment in resources(ocr, "AWS::Batch::ComputeEnvironment").values():
        assert sum("DefaultRoute" in name for name in environment["DependsOn"]) == 2


def test_only_datasets_of_the_project_bucket_start_a_job(ocr: Template) -> None:
    detail = properties(ocr, "AWS::Events::Rule", "Landed")["EventPattern"]["detail"]
    assert detail["object"] == {"key": [{"wildcard": "data/ocr/*.parquet"}]}
    assert "Project" in json.dumps(detail["bucket"])


def test_only_endings_of_this_queue_are_told(ocr: Template) -> None:
    pattern = properties(ocr, "AWS::Events::Rule", "Ended")["EventPattern"]
    assert pattern["source"] == ["aws.batch"]
    assert pattern["detail"]["status"] == ["SUCCEEDED", "FAILED"]
    assert pattern["detail"]["jobQueue"] == [{"Fn::GetAtt": [name_of(ocr, "AWS::Batch::JobQueue"), "JobQueueArn"]}]


def test_every_queue_sets_a_message_aside_after_five_attempts(ocr: Template) -> None:
    queues = [queue["Properties"] for queue in resources(ocr, "AWS::SQS::Queue").values()]
    fed = [queue for queue in queues if "RedrivePolicy" in queue]
    assert [queue["RedrivePolicy"]["maxReceiveCount"] for queue in fed] == [5, 5]
    assert all(queue["VisibilityTimeout"] >= PROD.ocr.lease_seconds for queue in fed)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_logs_are_kept_as_long_as_the_environment_says(environment: str) -> None:
    groups = resources(templates_of(environment)["Ocr"], "AWS::Logs::LogGroup").values()
    assert len(groups) == 3
    assert {group["Properties"]["RetentionInDays"] for group in groups} == {
        ENVIRONMENTS[environment].log_retention_days
    }


def test_the_program_writes_its_log_where_the_stack_says(ocr: Template, container: dict[str, Any]) -> None:
    log = container["LogConfiguration"]
    assert log["LogDriver"] == "awslogs"
    assert log["Options"]["awslogs-group"]["Ref"].startswith("JobLog")
    assert log["Options"]["awslogs-group"]["Ref"] in resources(ocr, "AWS::Logs::LogGroup")


def test_the_submit_function_and_the_job_definition_agree_on_the_container(container: dict[str, Any]) -> None:
    assert container["Name"] == CONTAINER


@pytest.mark.parametrize(("function", "settings"), [("Submit", SubmitSettings), ("Ending", RunSettings)])
def test_a_function_is_told_exactly_what_it_reads(ocr: Template, function: str, settings: type[RunSettings]) -> None:
    told = properties(ocr, "AWS::Lambda::Function", function)["Environment"]["Variables"]
    read = settings.from_environ({name: value if isinstance(value, str) else "token" for name, value in told.items()})
    assert set(read.to_environ()) == set(told)


def test_runs_are_forgotten_after_their_time(ocr: Template) -> None:
    table = only(ocr, "AWS::DynamoDB::Table")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert table["SSESpecification"]["SSEEnabled"] is True


def test_clients_find_queue_job_function_topic_secret_and_log(ocr: Template) -> None:
    names = {one["Properties"]["Name"] for one in resources(ocr, "AWS::SSM::Parameter").values()}
    expected = ("queue", "job-definition", "submit-function", "notification-topic", "secret", "log-group")
    assert names == {f"/loupe/prod/ocr/{name}" for name in expected}
    assert {"QueueArn", "JobDefinitionArn", "SubmitFunctionName", "NotificationTopicArn", "SecretArn"} <= set(
        ocr["Outputs"]
    )


def test_the_project_bucket_is_guarded_like_the_others_and_announces_its_objects(
    prod: Mapping[str, Template],
) -> None:
    bucket = properties(prod["Storage"], "AWS::S3::Bucket", "Project")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["LoggingConfiguration"]["LogFilePrefix"] == "project/"
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert {"DaysAfterInitiation": 7} in [rule.get("AbortIncompleteMultipartUpload") for rule in rules]


@pytest.mark.parametrize(("environment", "stays"), [("prod", True), ("staging", True), ("dev", False)])
def test_project_data_cannot_be_deleted_where_people_rely_on_it(environment: str, stays: bool) -> None:
    storage = templates_of(environment)["Storage"]
    statements = properties(storage, "AWS::S3::BucketPolicy", "ProjectPolicy")["PolicyDocument"]["Statement"]
    denied = [one for one in statements if one.get("Sid") == "ProjectDataStays"]
    assert bool(denied) is stays
    assert all("s3:DeleteObjectVersion" in one["Action"] and one["Effect"] == "Deny" for one in denied)
    assert any(one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for one in statements)
