"""Promises of SageMaker Pipelines on the laptop: what an execution does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.laptop import Laptop
from local.pipelines.execution import FAILED, LOST
from tests.local.house import kill, living, soon
from tests.local.pipeline_definitions import definition, evaluation, gate, get, output, processing, registration
from tests.local.pipeline_house import PipelineHouse, pipeline_house

pytestmark = pytest.mark.laptop
WAIT = "echo ready; sleep 60"
LOSSES = [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 0.1, "MaxAttempts": 1}]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineHouse]:
    folder = tmp_path_factory.mktemp("pipelines")
    with living(folder) as laptop:
        yield pipeline_house(laptop, folder / "cdk.out")


@pytest.fixture(scope="module")
def gated(house: PipelineHouse) -> str:
    """A pipeline that evaluates as it is told to, and has its gate."""
    return house.add(definition(evaluation(), gate(registers=registration()), Text=str, Threshold=0.78))


def test_a_model_that_is_good_enough_is_registered_with_what_made_it(house: PipelineHouse) -> None:
    arn = house.start()
    assert house.finished(arn)["PipelineExecutionStatus"] == "Succeeded"
    steps, run = house.steps(arn), arn.rpartition("/")[2]
    assert list(steps) == ["Prepare", "Train", "Evaluate", "Gate", "Register"]
    assert house.texts(f"runs/{run}/Prepare/") == {"rows.txt": "one two"}
    model = house.training_job(house.job_of(arn, "Train"))
    assert model["TrainingJobName"].startswith(f"pipelines-{run}-Train-")
    assert house.model(model)["model.txt"] == "ONE TWO"
    package = house.sagemaker.describe_model_package(
        ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    [container] = package["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == model["ModelArtifacts"]["S3ModelArtifacts"]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert (package["CustomerMetadataProperties"], package["MetadataProperties"]["GeneratedBy"]) == (
        {"execution": arn},
        arn,
    )
    tags = house.sagemaker.list_tags(ResourceArn=model["TrainingJobArn"])["Tags"]
    assert {"Key": "sagemaker:pipeline-execution-arn", "Value": arn} in tags


def test_every_change_of_state_is_an_event(house: PipelineHouse, gated: str) -> None:
    arn = house.start(gated, Text='{"metrics": {"accuracy": {"value": 0.5}}}')
    events = house.events_of(arn, last="Failed")
    own = [one for one in events if "stepName" not in one["detail"]]
    assert {one["detail-type"] for one in own} == {"SageMaker Model Building Pipeline Execution Status Change"}
    assert [one["detail"]["currentPipelineExecutionStatus"] for one in own] == ["Executing", "Failed"]
    told = [(one["detail"]["stepName"], one["detail"]["currentStepStatus"]) for one in events if one not in own]
    both = [(name, status) for name in ("Evaluate", "Gate") for status in ("Executing", "Succeeded")]
    assert told == [*both, ("TooLow", "Executing"), ("TooLow", "Failed")]
    assert own[-1]["resources"] == [f"arn:aws:sagemaker:us-east-1:000000000000:pipeline/{gated}", arn]
    assert own[-1]["detail"]["executionEndTime"] >= own[-1]["detail"]["executionStartTime"]


@pytest.mark.parametrize(
    ("text", "ends_with", "reason"),
    [
        ('{"metrics": {"accuracy": {"value": 0.78}}}', "Register", ""),
        ('{"metrics": {"accuracy": {"value": 0.7799}}}', "TooLow", "0.7799 is below 0.78"),
        ('{"metrics": {"accuracy": {"value": NaN}}}', "Gate", "is no JSON: NaN is no number"),
        ('{"metrics": {"accuracy": {"value": 1e999}}}', "Gate", "is no JSON: 1e999 is no number"),
        ('{"metrics": {"accuracy": {"value": "0.9"}}}', "Gate", "'0.9' and 0.78 cannot be compared"),
        ('{"metrics": {"accuracy": {"value": null}}}', "Gate", "neither a number nor a text"),
        ('{"metrics": {}}', "Gate", "there is no 'accuracy'."),
        ("", "Gate", "cannot be read: An error occurred"),
    ],
)
def test_only_a_number_that_reaches_the_threshold_registers(
    house: PipelineHouse, gated: str, text: str, ends_with: str, reason: str
) -> None:
    status, steps = house.outcome(gated, Text=text)
    *_, last = steps.values()
    assert (last["StepName"], status) == (ends_with, "Failed" if reason else "Succeeded")
    assert reason in last.get("FailureReason", "")


def test_a_threshold_is_given_per_execution_and_a_failure_tells_it(house: PipelineHouse, gated: str) -> None:
    arn = house.start(gated, Text='{"metrics": {"accuracy": {"value": 0.8}}}', Threshold="0.9")
    assert house.finished(arn)["FailureReason"] == FAILED
    told = house.steps(arn)
    assert told["Gate"]["Metadata"] == {"Condition": {"Outcome": "False"}}
    assert told["TooLow"]["Metadata"] == {"Fail": {"ErrorMessage": "0.8 is below 0.9"}}
    listed = house.sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert {"Name": "Threshold", "Value": "0.9"} in listed


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "parameter Text has no default and must be given"),
        ({"Text": "a", "Colour": "red"}, "has no parameter Colour"),
        ({"Text": "a", "Threshold": "high"}, "Threshold is of the type Float, which 'high' is not"),
        ({"Text": "a", "Threshold": "nan"}, "Threshold is of the type Float, which 'nan' is not"),
    ],
)
def test_refuses_parameters_that_the_definition_does_not_have_so(
    house: PipelineHouse, gated: str, given: dict[str, str], reason: str
) -> None:
    with pytest.raises(ClientError, match=rf"ValidationException.*{reason}"):
        house.start(gated, **given)


def test_the_same_request_starts_one_execution(house: PipelineHouse, gated: str) -> None:
    ask: Any = {
        "PipelineName": gated,
        "ClientRequestToken": "t" * 32,
        "PipelineParameters": [{"Name": "Text", "Value": "{}"}],
        "PipelineExecutionDisplayName": "twice",
    }
    arns = {house.sagemaker.start_pipeline_execution(**ask)["PipelineExecutionArn"] for _ in range(2)}
    assert len(arns) == 1
    house.finished(arns.pop())
    listed = house.sagemaker.list_pipeline_executions(PipelineName=gated)["PipelineExecutionSummaries"]
    assert [one["PipelineExecutionDisplayName"] for one in listed].count("twice") == 1


def test_a_step_takes_over_what_it_made_of_the_same_inputs(house: PipelineHouse) -> None:
    remembered = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}, "given": {"WORD": get("Parameters.Word")}}
    first_step = processing("First", 'echo "$WORD" > /opt/ml/processing/out/a', **remembered)
    second_step = processing("Second", "cp /opt/ml/processing/in/a /opt/ml/processing/out/b", output("First"))
    name = house.add(definition(first_step, second_step, Word="one"))
    first, second, other = (house.start(name, **given) for given in ({}, {}, {"Word": "two"}))
    runs = [house.finished(arn)["PipelineExecutionArn"].rpartition("/")[2] for arn in (first, second, other)]
    third = house.start(name)
    house.finished(third)
    source = house.steps(third)["First"]["CacheHitResult"]["SourcePipelineExecutionArn"]
    assert source in {first, second}
    assert house.job_of(third, "First") == house.job_of(source, "First")
    run = third.rpartition("/")[2]
    assert house.texts(f"runs/{run}/") == {"Second/b": "one\n"}
    assert "CacheHitResult" not in house.steps(other)["First"]
    assert house.texts(f"runs/{runs[2]}/Second/") == {"b": "two\n"}


def test_a_refused_call_and_a_lost_host_are_tried_again_as_policies_say(house: PipelineHouse) -> None:
    throttled = [{"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 0.1, "MaxAttempts": 2}]
    name = house.add(definition(processing("One", "true", RetryPolicies=throttled)))
    house.laptop.inject({"action": "sagemaker:CreateProcessingJob", "times": 2})
    status, steps = house.outcome(name)
    assert (status, steps["One"]["AttemptCount"]) == ("Succeeded", 2)
    arn = house.start(house.add(definition(processing("One", WAIT, RetryPolicies=LOSSES))))
    lost = set[str]()
    for _ in range(2):
        job = soon(lambda: {house.job_of(arn, "One")} - lost).pop()
        soon(lambda name=job: house.job(name).get("ProcessingStartTime"))
        house.strike("kill", job)
        lost.add(job)
    assert house.finished(arn)["PipelineExecutionStatus"] == "Failed"
    assert house.steps(arn)["One"]["AttemptCount"] == 2


def test_after_a_failure_nothing_begins_and_a_retry_goes_on_from_there(house: PipelineHouse) -> None:
    name = house.add(
        definition(
            processing("Well", "true"),
            processing("Badly", "cat /opt/ml/processing/in/late", "s3://${Bucket}/data/late/", DependsOn=["Well"]),
            processing("After", "true", DependsOn=["Badly"]),
        )
    )
    arn = house.start(name)
    assert house.finished(arn)["FailureReason"] == FAILED
    before = house.steps(arn)
    assert house.states(arn) == {"Well": "Succeeded", "Badly": "Failed"}
    assert "No S3 objects found" in before["Badly"]["FailureReason"]
    house.put(late_late="here")
    house.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    assert house.finished(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert house.states(arn) == {"Well": "Succeeded", "Badly": "Succeeded", "After": "Succeeded"}
    assert house.steps(arn)["Well"]["Metadata"] == before["Well"]["Metadata"]
    with pytest.raises(ClientError, match="ConflictException"):
        house.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)


def test_a_stopped_execution_stops_its_jobs_and_nothing_follows(house: PipelineHouse) -> None:
    arn = house.start(house.add(definition(processing("Long", WAIT), processing("After", "true", DependsOn=["Long"]))))
    job = house.job_of(arn, "Long")
    soon(lambda: house.job(job).get("ProcessingStartTime"))
    house.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert house.finished(arn)["PipelineExecutionStatus"] == "Stopped"
    assert (house.states(arn), house.ended(job)["ProcessingJobStatus"]) == ({"Long": "Stopped"}, "Stopped")
    with pytest.raises(ClientError, match="ConflictException"):
        house.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)


@pytest.mark.parametrize(("most", "at_once"), [(2, {"A", "B"}), (1, {"A"})])
def test_steps_that_need_nothing_of_each_other_run_at_once(house: PipelineHouse, most: int, at_once: set[str]) -> None:
    told = definition(processing("A", WAIT), processing("B", WAIT))
    arn = house.start(house.add(told, ParallelismConfiguration={"MaxParallelExecutionSteps": most}))
    for name in at_once:
        house.job_of(arn, name)
    assert set(house.states(arn)) == at_once
    house.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    house.finished(arn)


@pytest.mark.parametrize(
    ("action", "step"),
    [
        ("sagemaker:CreateProcessingJob", "Evaluate"),
        ("sagemaker:AddTags", "Evaluate"),
        ("iam:PassRole", "Evaluate"),
        ("sagemaker:DescribeProcessingJob", "Evaluate"),
        ("s3:GetObject", "Gate"),
        ("sagemaker:CreateModelPackage", "Register"),
        ("sagemaker:DescribeModelPackage", "Register"),
    ],
)
@pytest.mark.denies
def test_an_execution_whose_role_lacks_a_permission_fails_and_names_it(
    house: PipelineHouse, gated: str, action: str, step: str
) -> None:
    give_back = house.without("PipelineRole", action)
    try:
        arn = house.start(gated, Text='{"metrics": {"accuracy": {"value": 0.9}}}')
        assert house.finished(arn)["PipelineExecutionStatus"] == "Failed"
    finally:
        give_back()
    *_, last = house.steps(arn).values()
    assert last["StepName"] == step
    assert action in last["FailureReason"] or "AccessDenied" in last["FailureReason"]
    assert house.laptop.status().last_denials[-1]["action"] == action


def test_an_execution_that_ran_when_the_engine_ended_has_failed(laptop: Laptop, tmp_path: Path) -> None:
    house = pipeline_house(laptop, tmp_path / "out")
    for end in (Laptop.down, kill):
        arn = house.start(Word="wait")
        house.ready(house.training_job(house.job_of(arn, "Train"))["TrainingJobName"])
        end(laptop)
        laptop.start()
        house = PipelineHouse(laptop)
        assert house.finished(arn)["FailureReason"] == LOST
        assert house.states(arn) == {"Prepare": "Succeeded", "Train": "Failed"}
        assert house.trained(house.job_of(arn, "Train"))["TrainingJobStatus"] == "Failed"
    status, steps = house.outcome()
    assert (status, "CacheHitResult" in steps["Prepare"]) == ("Succeeded", True)
