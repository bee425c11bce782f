"""Promises of SageMaker Pipelines on the laptop: what an execution does."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.jobs.outcome import LOST_REASON
from local.laptop import Laptop
from local.pipelines.execution import FAILED, LOST
from tests.local.house import kill, soon
from tests.local.pipeline_definitions import definition, evaluation, gate, get, output, processing, registration
from tests.local.pipeline_house import PipelineHouse, pipeline_house

pytestmark = pytest.mark.laptop
WAIT = "echo ready; sleep 60"
LOSSES = [{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 0.1, "MaxAttempts": 1}]


@pytest.fixture(scope="module")
def gated(learning: PipelineHouse) -> str:
    """A pipeline that evaluates as it is told to, and has its gate."""
    return learning.add(definition(evaluation(), gate(registers=registration()), Text=str, Threshold=0.78))


def started(learning: PipelineHouse, job: str) -> bool:
    return "ProcessingStartTime" in learning.job(job)


def versions(learning: PipelineHouse) -> set[str]:
    listed = learning.sagemaker.list_model_packages(ModelPackageGroupName="models", MaxResults=100)
    return {one["ModelPackageArn"] for one in listed["ModelPackageSummaryList"]}


def test_a_model_that_is_good_enough_is_registered_with_what_made_it(learning: PipelineHouse) -> None:
    arn = learning.build()
    assert learning.finished(arn)["PipelineExecutionStatus"] == "Succeeded"
    steps, run = learning.steps(arn), arn.rpartition("/")[2]
    assert list(steps) == ["Prepare", "Train", "Evaluate", "Gate", "Register"]
    assert learning.texts(f"runs/{run}/Prepare/") == {"rows.txt": "one two"}
    model = learning.training_job(learning.job_of(arn, "Train"))
    assert model["TrainingJobName"].startswith(f"pipelines-{run}-Train-")
    assert learning.model(model)["model.txt"] == "ONE TWO"
    package = learning.sagemaker.describe_model_package(
        ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    [container] = package["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == model["ModelArtifacts"]["S3ModelArtifacts"]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert (package["CustomerMetadataProperties"], package["MetadataProperties"]["GeneratedBy"]) == (
        {"execution": arn},
        arn,
    )
    tags = learning.sagemaker.list_tags(ResourceArn=model["TrainingJobArn"])["Tags"]
    assert {"Key": "sagemaker:pipeline-execution-arn", "Value": arn} in tags


def test_every_change_of_state_is_an_event(learning: PipelineHouse, gated: str) -> None:
    arn = learning.start(gated, Text='{"metrics": {"accuracy": {"value": 0.5}}}')
    events = learning.events_of(arn, last="Failed")
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
    learning: PipelineHouse, gated: str, text: str, ends_with: str, reason: str
) -> None:
    status, steps = learning.outcome(gated, Text=text)
    *_, last = steps.values()
    assert (last["StepName"], status) == (ends_with, "Failed" if reason else "Succeeded")
    assert reason in last.get("FailureReason", "")


def test_a_threshold_is_given_per_execution_and_a_failure_tells_it(learning: PipelineHouse, gated: str) -> None:
    arn = learning.start(gated, Text='{"metrics": {"accuracy": {"value": 0.8}}}', Threshold="0.9")
    assert learning.finished(arn)["FailureReason"] == FAILED
    told = learning.steps(arn)
    assert told["Gate"]["Metadata"] == {"Condition": {"Outcome": "False"}}
    assert told["TooLow"]["Metadata"] == {"Fail": {"ErrorMessage": "0.8 is below 0.9"}}
    listed = learning.sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
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
    learning: PipelineHouse, gated: str, given: dict[str, str], reason: str
) -> None:
    with pytest.raises(ClientError, match=rf"ValidationException.*{reason}"):
        learning.start(gated, **given)


def test_the_same_request_starts_one_execution(learning: PipelineHouse, gated: str) -> None:
    ask: Any = {
        "PipelineName": gated,
        "ClientRequestToken": "t" * 32,
        "PipelineParameters": [{"Name": "Text", "Value": "{}"}],
        "PipelineExecutionDisplayName": "twice",
    }
    arns = {learning.sagemaker.start_pipeline_execution(**ask)["PipelineExecutionArn"] for _ in range(2)}
    assert len(arns) == 1
    learning.finished(arns.pop())
    listed = learning.sagemaker.list_pipeline_executions(PipelineName=gated)["PipelineExecutionSummaries"]
    assert [one["PipelineExecutionDisplayName"] for one in listed].count("twice") == 1


def test_a_step_takes_over_what_it_made_of_the_same_inputs(learning: PipelineHouse) -> None:
    remembered: dict[str, Any] = {
        "CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"},
        "given": {"WORD": get("Parameters.Word")},
    }
    first_step = processing("First", 'echo "$WORD" > /opt/ml/processing/out/a', **remembered)
    second_step = processing("Second", "cp /opt/ml/processing/in/a /opt/ml/processing/out/b", output("First"))
    name = learning.add(definition(first_step, second_step, Word="one"))
    first, second, other = (learning.start(name, **given) for given in ({}, {}, {"Word": "two"}))
    runs = [learning.finished(arn)["PipelineExecutionArn"].rpartition("/")[2] for arn in (first, second, other)]
    third = learning.start(name)
    learning.finished(third)
    source = learning.steps(third)["First"]["CacheHitResult"]["SourcePipelineExecutionArn"]
    assert source in {first, second}
    assert learning.job_of(third, "First") == learning.job_of(source, "First")
    run = third.rpartition("/")[2]
    assert learning.texts(f"runs/{run}/") == {"Second/b": "one\n"}
    assert "CacheHitResult" not in learning.steps(other)["First"]
    assert learning.texts(f"runs/{runs[2]}/Second/") == {"b": "two\n"}


def test_a_refused_call_and_a_lost_host_are_tried_again_as_policies_say(learning: PipelineHouse) -> None:
    throttled = [{"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 0.1, "MaxAttempts": 2}]
    name = learning.add(definition(processing("One", "true", RetryPolicies=throttled)))
    learning.laptop.inject({"action": "sagemaker:CreateProcessingJob", "times": 2})
    status, steps = learning.outcome(name)
    assert (status, steps["One"]["AttemptCount"]) == ("Succeeded", 2)
    arn = learning.start(learning.add(definition(processing("One", WAIT, RetryPolicies=LOSSES))))
    lost = set[str]()
    for _ in range(2):
        job = soon(lambda: {learning.job_of(arn, "One")} - lost).pop()
        soon(partial(started, learning, job))
        learning.strike("kill", job)
        lost.add(job)
    assert learning.finished(arn)["PipelineExecutionStatus"] == "Failed"
    assert learning.steps(arn)["One"]["AttemptCount"] == 2


def test_a_registration_whose_answer_is_lost_is_made_once(learning: PipelineHouse) -> None:
    throttled = [{"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 0.1, "MaxAttempts": 2}]
    step = registration(RetryPolicies=throttled)
    step["Arguments"]["CustomerMetadataProperties"] |= {"when": get("Execution.CurrentDateTime")}
    before = versions(learning)
    learning.laptop.inject({"action": "sagemaker:DescribeModelPackage", "times": 2})
    arn = learning.start(learning.add(definition(step)))
    assert learning.finished(arn)["PipelineExecutionStatus"] == "Failed"
    learning.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    assert learning.finished(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert versions(learning) - before == {learning.steps(arn)["Register"]["Metadata"]["RegisterModel"]["Arn"]}


def test_after_a_failure_nothing_begins_and_a_retry_goes_on_from_there(learning: PipelineHouse) -> None:
    name = learning.add(
        definition(
            processing("Well", "true"),
            processing("Badly", "cat /opt/ml/processing/in/late", "s3://${Bucket}/data/late/", DependsOn=["Well"]),
            processing("After", "true", DependsOn=["Badly"]),
        )
    )
    arn = learning.start(name)
    assert learning.finished(arn)["FailureReason"] == FAILED
    before = learning.steps(arn)
    assert learning.states(arn) == {"Well": "Succeeded", "Badly": "Failed"}
    assert "No S3 objects found" in before["Badly"]["FailureReason"]
    learning.put(late_late="here")
    learning.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    assert learning.finished(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert learning.states(arn) == {"Well": "Succeeded", "Badly": "Succeeded", "After": "Succeeded"}
    assert learning.steps(arn)["Well"]["Metadata"] == before["Well"]["Metadata"]
    with pytest.raises(ClientError, match="ConflictException"):
        learning.sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)


def test_a_stopped_execution_stops_its_jobs_and_nothing_follows(learning: PipelineHouse) -> None:
    arn = learning.start(
        learning.add(definition(processing("Long", WAIT), processing("After", "true", DependsOn=["Long"])))
    )
    job = learning.job_of(arn, "Long")
    soon(partial(started, learning, job))
    learning.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert learning.finished(arn)["PipelineExecutionStatus"] == "Stopped"
    assert (learning.states(arn), learning.ended(job)["ProcessingJobStatus"]) == ({"Long": "Stopped"}, "Stopped")
    with pytest.raises(ClientError, match="ConflictException"):
        learning.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)


@pytest.mark.parametrize(("most", "at_once"), [(2, {"A", "B"}), (1, {"A"})])
def test_steps_that_need_nothing_of_each_other_run_at_once(
    learning: PipelineHouse, most: int, at_once: set[str]
) -> None:
    told = definition(processing("A", WAIT), processing("B", WAIT))
    arn = learning.start(learning.add(told, ParallelismConfiguration={"MaxParallelExecutionSteps": most}))
    for name in at_once:
        learning.job_of(arn, name)
    assert set(learning.states(arn)) == at_once
    learning.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn)
    learning.finished(arn)


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
    learning: PipelineHouse, gated: str, action: str, step: str
) -> None:
    give_back = learning.without("PipelineRole", action)
    try:
        arn = learning.start(gated, Text='{"metrics": {"accuracy": {"value": 0.9}}}')
        assert learning.finished(arn)["PipelineExecutionStatus"] == "Failed"
    finally:
        give_back()
    *_, last = learning.steps(arn).values()
    assert last["StepName"] == step
    assert action in last["FailureReason"] or "AccessDenied" in last["FailureReason"]
    assert learning.laptop.status().last_denials[-1]["action"] == action


def test_an_execution_and_a_job_that_ran_when_the_engine_ended_have_failed(laptop: Laptop, tmp_path: Path) -> None:
    house = pipeline_house(laptop, tmp_path / "out")
    for end in (Laptop.down, kill):
        arn = house.build(Word="wait")
        house.ready(house.training_job(house.job_of(arn, "Train"))["TrainingJobName"])
        end(laptop)
        laptop.start()
        house = PipelineHouse(laptop)
        assert house.finished(arn)["FailureReason"] == LOST
        assert house.states(arn) == {"Prepare": "Succeeded", "Train": "Failed"}
        job = house.trained(house.job_of(arn, "Train"))
        assert (job["FailureReason"], job["SecondaryStatus"]) == (LOST_REASON, "Failed")
    arn = house.build()
    assert house.finished(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert "CacheHitResult" in house.steps(arn)["Prepare"]
