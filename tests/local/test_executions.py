"""Promises of state machines on the laptop whose tasks are processing jobs."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import parameters, wire
from local.laptop import Laptop
from local.stacks import DeploymentFailed
from tests.local.assemblies import role, write_assembly
from tests.local.execution_house import ExecutionHouse
from tests.local.house import kill, living, soon
from tests.local.processing_assemblies import PROGRAM, jobs, machine

pytestmark = pytest.mark.laptop


def house_of(laptop: Laptop, folder: Path, **task: Any) -> ExecutionHouse:
    laptop.up(write_assembly(folder, {"Jobs": jobs(**machine(**task))}, program=PROGRAM))
    return ExecutionHouse(laptop)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExecutionHouse]:
    folder = tmp_path_factory.mktemp("executions")
    with living(folder) as laptop:
        yield house_of(laptop, folder / "cdk.out")


def test_every_shard_is_a_job_and_one_that_fails_is_tried_again(house: ExecutionHouse) -> None:
    arn, run = house.start(weak="1")
    execution = house.finished(arn)
    assert execution["status"] == "SUCCEEDED"
    assert house.jobs_of(run) == {"0-0": "Completed", "1-0": "Failed", "1-1": "Completed", "2-0": "Completed"}
    done = [{"job": f"{run}-{name}", "status": "Completed"} for name in ("0-0", "1-1", "2-0")]
    assert json.loads(execution["output"])["done"] == done
    assert [house.lines(f"{run}-{name}") for name in ("0-0", "2-0")] == [["shard 0 of 3"], ["shard 2 of 3"]]
    assert house.message() == "done"


def test_a_task_tags_its_job_as_step_functions_does(house: ExecutionHouse) -> None:
    arn, run = house.start(shards=[7])
    house.finished(arn)
    job = house.job(f"{run}-7-0")
    tags = house.sagemaker.list_tags(ResourceArn=job["ProcessingJobArn"])["Tags"]
    assert tags == [{"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}]
    assert house.message() == "done"


def test_a_shard_that_goes_on_failing_fails_the_execution_with_the_job_as_its_cause(house: ExecutionHouse) -> None:
    arn, run = house.start(words=["exit", "4"], shards=[0])
    execution = house.finished(arn)
    assert (execution["status"], execution["error"]) == ("FAILED", "States.TaskFailed")
    assert "output" not in execution
    cause = json.loads(execution["cause"])
    assert (cause["ProcessingJobName"], cause["ProcessingJobStatus"]) == (f"{run}-0-1", "Failed")
    assert cause["FailureReason"] == "AlgorithmError: , exit code: 4"
    assert cause["ProcessingEndTime"] == int(house.job(f"{run}-0-1")["ProcessingEndTime"].timestamp() * 1000)
    assert house.message() == "failed: States.TaskFailed"


def test_a_shard_whose_host_is_lost_is_tried_again(house: ExecutionHouse) -> None:
    arn, run = house.start(words=["wait", "0"], shards=[0])
    soon(lambda: house.jobs_of(run))
    house.ready(f"{run}-0-0")
    house.strike("kill", f"{run}-0-0")
    soon(lambda: "0-1" in house.jobs_of(run))
    house.states.stop_execution(executionArn=arn)
    assert house.ended(f"{run}-0-1")["ProcessingJobStatus"] in {"Stopped", "Failed"}


def test_stopping_an_execution_stops_its_jobs_and_nothing_follows(house: ExecutionHouse) -> None:
    arn, run = house.start(words=["wait", "0"])
    soon(lambda: len(house.jobs_of(run)) == 3)
    for name in house.jobs_of(run):
        house.ready(f"{run}-{name}")
    house.states.stop_execution(executionArn=arn, error="Enough", cause="the disk is full")
    for name in house.jobs_of(run):
        assert house.ended(f"{run}-{name}")["ProcessingJobStatus"] == "Stopped"
    time.sleep(1.5)
    assert len(house.jobs_of(run)) == 3
    execution = house.execution(arn)
    assert (execution["status"], execution["error"], execution["cause"]) == ("ABORTED", "Enough", "the disk is full")
    assert house.history(arn)[-1] == "ExecutionAborted"
    events = house.hear(lambda told: told.get("executionArn") == arn, until=lambda told: told["status"] == "ABORTED")
    assert [event["detail"]["status"] for event in events] == ["RUNNING", "ABORTED"]
    assert "Messages" not in house.laptop.client("sqs").receive_message(QueueUrl=house.ids["Told"])


def test_a_task_that_fails_after_its_execution_was_stopped_changes_nothing(house: ExecutionHouse) -> None:
    arn, run = house.start(sleep=1)
    soon(lambda: "TaskScheduled" in house.history(arn))
    house.states.stop_execution(executionArn=arn)
    soon(lambda: any(f"{run} woke" in line for line in house.laptop.logs()))
    time.sleep(0.5)
    assert house.execution(arn)["status"] == "ABORTED"
    assert house.history(arn)[-1] == "ExecutionAborted"


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("sagemaker:CreateProcessingJob", "SageMaker.AmazonSageMakerException"),
        ("sagemaker:DescribeProcessingJob", "SageMaker.AmazonSageMakerException"),
        ("sagemaker:AddTags", "SageMaker.AmazonSageMakerException"),
        ("iam:PassRole", "SageMaker.AmazonSageMakerException"),
        ("lambda:InvokeFunction", "Lambda.AWSLambdaException"),
        ("sns:Publish", "SNS.AuthorizationErrorException"),
    ],
)
def test_what_the_role_of_the_machine_may_not_do_fails_the_task_and_is_named(
    house: ExecutionHouse, action: str, error: str
) -> None:
    give_back = house.without("MachineRole", action)
    try:
        arn, run = house.start(shards=[0])
        execution = house.finished(arn)
    finally:
        give_back()
    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert f"not authorized to perform: {action} on resource: " in execution["cause"]
    resource = {
        "iam:PassRole": house.role("JobRole"),
        "lambda:InvokeFunction": f"arn:aws:lambda:us-east-1:000000000000:function:{house.ids['Function']}",
        "sns:Publish": house.ids["Topic"],
    }.get(action, f"arn:aws:sagemaker:us-east-1:000000000000:processing-job/{run}-0-0")
    assert resource.removesuffix("-0-0") in execution["cause"]
    last = [one for one in house.laptop.last_denials() if one["action"] == action]
    assert last[-1]["resource"].startswith(resource.removesuffix("-0-0"))
    if action.startswith("sagemaker:") or action == "iam:PassRole":
        assert house.message() == f"failed: {error}"


def test_jobs_that_the_role_may_not_stop_go_on_when_their_execution_is_stopped(house: ExecutionHouse) -> None:
    give_back = house.without("MachineRole", "sagemaker:StopProcessingJob")
    try:
        arn, run = house.start(words=["wait", "0"], shards=[0])
        soon(lambda: house.jobs_of(run))
        house.ready(f"{run}-0-0")
        house.states.stop_execution(executionArn=arn)
        job = f"arn:aws:sagemaker:us-east-1:000000000000:processing-job/{run}-0-0"
        soon(lambda: [one for one in house.laptop.last_denials() if one["resource"] == job])
        assert house.job(f"{run}-0-0")["ProcessingJobStatus"] == "InProgress"
    finally:
        give_back()
    house.sagemaker.stop_processing_job(ProcessingJobName=f"{run}-0-0")
    house.ended(f"{run}-0-0")


def test_a_refused_request_is_the_tasks_error(house: ExecutionHouse) -> None:
    wrong, _ = house.start(words=["shard"], shards=["not a name"])
    execution = house.finished(wrong)
    assert execution["error"] == "SageMaker.AmazonSageMakerException"
    assert "regular expression pattern" in execution["cause"]
    house.message()
    untyped, _ = house.start(words="shard", shards=[0])
    execution = house.finished(untyped)
    assert execution["error"] == "States.Runtime"
    assert "ContainerArguments" in execution["cause"]
    house.message()
    house.create("exit", "0", ProcessingJobName="taken-0-0")
    used, _ = house.start(run="taken", shards=[0])
    assert house.finished(used)["status"] == "SUCCEEDED"
    assert house.jobs_of("taken") == {"0-0": "Completed", "0-1": "Completed"}
    house.message()


def test_a_task_out_of_time_stops_its_job(laptop: Laptop, tmp_path: Path) -> None:
    house = house_of(laptop, tmp_path / "out", TimeoutSeconds=2)
    arn, run = house.start(words=["wait", "0"], shards=[0])
    assert house.finished(arn)["error"] == "States.Timeout"
    assert house.ended(f"{run}-0-0")["ProcessingJobStatus"] == "Stopped"


def test_what_is_told_of_machines_and_executions_is_what_the_sdk_knows(house: ExecutionHouse) -> None:
    done, _ = house.start(shards=[0])
    house.finished(done)
    house.message()
    live, run = house.start(words=["wait", "0"], shards=[0])
    failed, _ = house.start(words=["exit", "1"], shards=["?"])
    house.finished(failed)
    house.message()
    soon(lambda: house.jobs_of(run))
    history = house.states.get_execution_history(executionArn=done, maxResults=1000)["events"]
    told = [event["taskScheduledEventDetails"] for event in history if event["type"] == "TaskScheduled"]
    kinds = [(one["resourceType"], one["resource"]) for one in told]
    assert kinds == [("lambda", "invoke"), ("sagemaker", "createProcessingJob.sync"), ("sns", "publish")]
    assert json.loads(told[2]["parameters"]) == {"TopicArn": house.ids["Topic"], "Message": "done"}
    listed = house.states.list_executions(stateMachineArn=house.machine)["executions"]
    known = {one["executionArn"]: one["status"] for one in listed}
    assert [known[arn] for arn in (done, live, failed)] == ["SUCCEEDED", "RUNNING", "FAILED"]
    running = house.states.list_executions(stateMachineArn=house.machine, statusFilter="RUNNING")["executions"]
    assert [one["executionArn"] for one in running] == [live]
    described = house.execution(live)
    assert described["input"] == json.dumps({"run": run, "words": ["wait", "0"], "shards": [0]})
    answers = {
        "DescribeExecution": house.execution(done),
        "ListExecutions": house.states.list_executions(stateMachineArn=house.machine),
        "GetExecutionHistory": house.states.get_execution_history(executionArn=done),
        "DescribeStateMachine": house.states.describe_state_machine(stateMachineArn=house.machine),
        "ListStateMachines": house.states.list_state_machines(),
    }
    for operation, answer in answers.items():
        content = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        shape = parameters.model("stepfunctions").operation_model(operation).output_shape
        assert shape
        assert parameters.misfits(shape, content) == "", operation
    house.states.stop_execution(executionArn=live)
    house.ended(f"{run}-0-0")


def test_a_machine_whose_role_lacks_what_aws_asks_for_first_does_not_deploy(laptop: Laptop, tmp_path: Path) -> None:
    for number, (wrong, why) in enumerate(
        [
            (role("lambda"), r"Machine .*Neither the global service principal states\.amazonaws\.com"),
            (role("states"), r"Machine .*not authorized to create managed-rule: it lacks events:PutTargets"),
        ]
    ):
        resources = jobs(**{**machine(), "MachineRole": wrong})
        with pytest.raises(DeploymentFailed, match=why):
            laptop.up(write_assembly(tmp_path / str(number), {"Jobs": resources}, program=PROGRAM))


def test_a_machine_is_neither_made_nor_changed_with_a_role_that_may_not(house: ExecutionHouse) -> None:
    known = house.states.describe_state_machine(stateMachineArn=house.machine)
    asked = {"roleArn": house.role("LambdaRole"), "definition": known["definition"]}
    with pytest.raises(ClientError, match=r"AccessDenied.*Neither"):
        house.states.create_state_machine(name="other", **asked)
    with pytest.raises(ClientError, match=r"AccessDenied.*Neither"):
        house.states.update_state_machine(stateMachineArn=house.machine, roleArn=house.role("LambdaRole"))
    house.states.update_state_machine(stateMachineArn=house.machine, definition=known["definition"])


def test_a_rule_starts_an_execution_as_its_role(house: ExecutionHouse) -> None:
    events = house.laptop.client("events")
    events.put_rule(Name="begin", EventPattern=json.dumps({"source": ["house"]}))
    target = {"Id": "machine", "Arn": house.machine, "Input": json.dumps({"run": "ruled", "shards": [0]})}
    for role_name in ("JobRole", "StarterRole"):
        events.put_targets(Rule="begin", Targets=[{**target, "RoleArn": house.role(role_name)}])
        events.put_events(Entries=[{"Source": "house", "DetailType": "go", "Detail": "{}"}])
    soon(lambda: house.jobs_of("ruled") == {"0-0": "Completed"})
    assert house.message() == "done"
    denied = [one for one in house.laptop.last_denials() if one["action"] == "states:StartExecution"]
    assert [one["principal"] for one in denied] == ["events.amazonaws.com"]


def test_a_schedule_starts_an_execution_as_its_role_unless_it_is_disabled(house: ExecutionHouse) -> None:
    scheduler = house.laptop.client("scheduler")
    moment = (datetime.now(UTC) + timedelta(seconds=1)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    asked = {"ScheduleExpression": moment, "FlexibleTimeWindow": {"Mode": "OFF"}}
    for run, role_name, state in (
        ("timed", "SchedulerRole", "ENABLED"),
        ("off", "SchedulerRole", "DISABLED"),
        ("denied", "StarterRole", "ENABLED"),
    ):
        target = {"Arn": house.machine, "RoleArn": house.role(role_name), "Input": json.dumps({"run": run})}
        scheduler.create_schedule(Name=run, State=state, Target=target, **asked)
    soon(lambda: list(house.jobs_of("timed").values()) == ["Completed"] * 3)
    assert house.message() == "done"
    last = [one for one in house.laptop.last_denials() if one["action"] == "states:StartExecution"][-1]
    assert (last["principal"], last["resource"]) == ("scheduler.amazonaws.com", house.machine)
    assert house.jobs_of("off") == house.jobs_of("denied") == {}


@pytest.mark.parametrize("killed", [False, True])
def test_an_execution_that_ran_when_the_engine_ended_has_failed(laptop: Laptop, tmp_path: Path, killed: bool) -> None:
    house = house_of(laptop, tmp_path / "out", Retry=[])
    done, _ = house.start(shards=[0])
    house.finished(done)
    house.message()
    arn, run = house.start(words=["wait", "0"], shards=[0])
    soon(lambda: house.jobs_of(run))
    house.ready(f"{run}-0-0")
    wire.ask(laptop.status().port or 0, "POST", "save")
    if killed:
        kill(laptop)
    else:
        laptop.down()
    laptop.start()
    house = ExecutionHouse(laptop)
    execution = house.execution(arn)
    assert (execution["status"], execution["error"]) == ("FAILED", "States.ServiceRestart")
    assert house.ended(f"{run}-0-0")["ProcessingJobStatus"] == "Failed"
    assert house.execution(done)["status"] == "SUCCEEDED"
    assert "Messages" not in laptop.client("sqs").receive_message(QueueUrl=house.ids["Told"], WaitTimeSeconds=1)
