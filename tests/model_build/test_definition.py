"""What the pipeline's definition promises, before anybody runs it."""

import json
import re
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

import evaluate
import refusals
from cli.model_build_bundle import NAME, Bundle
from cli.model_build_project import TABLES
from stacks.model_build_definition import ACCURACY, CODE, INPUTS
from tests.model_build.definitions import ROLE, example, functions, steps

CALLS = {"Processing": "CreateProcessingJob", "Training": "CreateTrainingJob", "RegisterModel": "CreateModelPackage"}
NAMED_BY_SAGEMAKER = {"Processing": "ProcessingJobName", "Training": "TrainingJobName"}
MOST_WORDS, LONGEST_WORD = 100, 256


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return example()


def resolved(value: Any) -> Any:
    """Arguments as an execution fills them in: every function is a text."""
    if isinstance(value, dict):
        if value.keys() & {"Get", "Std:Join"}:
            return "s3://project/key"
        return {name: resolved(inner) for name, inner in value.items()}
    return [resolved(inner) for inner in value] if isinstance(value, list) else value


def test_the_names_are_those_that_were_agreed_on(told: dict[str, Any]) -> None:
    parameters = {one["Name"]: one.get("DefaultValue") for one in told["Parameters"]}
    assert parameters == {
        "CodeBundleUri": None,
        "InputTrainUri": "s3://project/data/curated/train.csv",
        "InputValidationUri": "s3://project/data/curated/validation.csv",
        "AccuracyThreshold": 0.78,
        "InputVersions": "unsaid",
    }
    assert list(steps(told)) == [
        "DataPreProcessing", "TrainModel", "ModelEvaluation", "QualityGate", "RegisterModel", "AccuracyTooLow",
    ]  # fmt: skip


def test_it_is_json_without_numbers_that_json_has_not(told: dict[str, Any]) -> None:
    assert json.loads(json.dumps(told, allow_nan=False)) == told


@pytest.mark.parametrize("name", ["DataPreProcessing", "TrainModel", "ModelEvaluation", "RegisterModel"])
def test_arguments_are_what_sagemaker_takes(told: dict[str, Any], name: str) -> None:
    step = steps(told)[name]
    model = boto3.client("sagemaker", region_name="us-east-1").meta.service_model
    asked = resolved(step["Arguments"])
    if step["Type"] in NAMED_BY_SAGEMAKER:
        assert NAMED_BY_SAGEMAKER[step["Type"]] not in asked
        asked[NAMED_BY_SAGEMAKER[step["Type"]]] = "pipelines-abc"
    shape = model.operation_model(CALLS[step["Type"]]).input_shape
    assert shape
    problems = ParamValidator().validate(asked, shape)
    assert not problems.has_errors(), problems.generate_report()


def test_every_get_resolves(told: dict[str, Any]) -> None:
    known = {f"Parameters.{one['Name']}" for one in told["Parameters"]}
    known |= {"Execution.PipelineExecutionId", "Execution.PipelineExecutionArn"}
    for name, step in steps(told).items():
        known.add(f"Steps.{name}.ModelArtifacts.S3ModelArtifacts" if step["Type"] == "Training" else "")
        outputs = step["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", [])
        path = "ProcessingOutputConfig.Outputs['{}'].S3Output.S3Uri"
        known |= {f"Steps.{name}.{path.format(one['OutputName'])}" for one in outputs}
        known |= {f"Steps.{name}.PropertyFiles.{one['PropertyFileName']}" for one in step.get("PropertyFiles", [])}
    assert set(functions(told, "Get")) <= known


def test_a_step_needs_only_steps_before_it(told: dict[str, Any]) -> None:
    before: list[str] = []
    for name, step in steps(told).items():
        inner = {**step, "Arguments": {**step["Arguments"], "IfSteps": [], "ElseSteps": []}}
        needed = {path.split(".")[1] for path in functions(inner, "Get") if path.startswith("Steps.")}
        assert needed <= set(before)
        before.append(name)


def test_every_output_lies_below_the_execution(told: dict[str, Any]) -> None:
    found = [one["S3Output"]["S3Uri"] for step in told["Steps"] for one in outputs_of(step)]
    found += [step["Arguments"]["OutputDataConfig"]["S3OutputPath"] for step in told["Steps"] if is_training(step)]
    assert len(found) == 3
    for uri in found:
        place, execution, *_ = uri["Std:Join"]["Values"]
        assert place == "s3://project/pipeline/runtime/loupe-laptop-titanic-survival"
        assert execution == {"Get": "Execution.PipelineExecutionId"}
    assert len({json.dumps(uri) for uri in found}) == 3


def outputs_of(step: dict[str, Any]) -> list[dict[str, Any]]:
    return list(step["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", []))


def is_training(step: dict[str, Any]) -> bool:
    return bool(step["Type"] == "Training")


def test_every_step_that_runs_code_runs_the_bundle(told: dict[str, Any]) -> None:
    bundle = {"Get": "Parameters.CodeBundleUri"}
    for name in ("DataPreProcessing", "ModelEvaluation"):
        inputs = steps(told)[name]["Arguments"]["ProcessingInputs"]
        assert [one["S3Input"]["S3Uri"] for one in inputs if one["InputName"] == "bundle"] == [bundle]
    hyperparameters = steps(told)["TrainModel"]["Arguments"]["HyperParameters"]
    assert hyperparameters["sagemaker_submit_directory"] == bundle
    assert hyperparameters["sagemaker_program"] == "train.py"


def test_every_word_of_an_entrypoint_is_one_line_and_short_enough_for_sagemaker(told: dict[str, Any]) -> None:
    for step in told["Steps"]:
        application = step["Arguments"].get("AppSpecification", {})
        words = [*application.get("ContainerEntrypoint", []), *application.get("ContainerArguments", [])]
        assert len(words) <= MOST_WORDS
        assert max(map(len, words), default=0) <= LONGEST_WORD
        assert not any("\n" in word for word in words)


def test_texts_are_given_where_sagemaker_takes_only_texts(told: dict[str, Any]) -> None:
    for step in told["Steps"]:
        for name in ("Environment", "HyperParameters"):
            values = step["Arguments"].get(name, {}).values()
            numbers = {"Get": "Parameters.AccuracyThreshold"}
            assert all(isinstance(value, str | dict) and value != numbers for value in values)


def test_the_gate_compares_the_evaluations_accuracy_and_a_model_waits_for_approval(told: dict[str, Any]) -> None:
    [condition] = steps(told)["QualityGate"]["Arguments"]["Conditions"]
    assert condition["Type"] == "GreaterThanOrEqualTo"
    assert condition["LeftValue"]["Std:JsonGet"]["Path"] == ACCURACY
    assert condition["RightValue"] == {"Get": "Parameters.AccuracyThreshold"}
    assert steps(told)["RegisterModel"]["Arguments"]["ModelApprovalStatus"] == "PendingManualApproval"
    [reason] = functions(steps(told)["AccuracyTooLow"], "Std:Join")
    assert [value for value in reason["Values"] if isinstance(value, dict)] == [
        condition["LeftValue"], condition["RightValue"],
    ]  # fmt: skip


def test_a_package_says_from_what_it_was_made(told: dict[str, Any]) -> None:
    said = steps(told)["RegisterModel"]["Arguments"]["CustomerMetadataProperties"]
    made = {"Parameters.CodeBundleUri", "Parameters.InputTrainUri", "Parameters.InputValidationUri"}
    assert made | {"Execution.PipelineExecutionArn"} <= set(functions(said, "Get"))


def test_only_preprocessing_is_remembered_and_it_asks_which_versions_of_the_tables_are_meant(
    told: dict[str, Any],
) -> None:
    cached = {name: step["CacheConfig"] for name, step in steps(told).items() if "CacheConfig" in step}
    assert list(cached) == ["DataPreProcessing"]
    assert re.fullmatch(r"PT\d+H", cached["DataPreProcessing"]["ExpireAfter"])
    environment = steps(told)["DataPreProcessing"]["Arguments"]["Environment"]
    assert {"Get": "Parameters.InputVersions"} in environment.values()
    assert "Execution.PipelineExecutionId" not in functions(environment, "Get")


def test_programs_are_told_what_they_ask_for(told: dict[str, Any]) -> None:
    environments = {name: step["Arguments"].get("Environment", {}).keys() for name, step in steps(told).items()}
    assert environments["DataPreProcessing"] == {refusals.MESSAGE, "LOUPE_INPUT_VERSIONS"}
    assert environments["ModelEvaluation"] == {
        refusals.MESSAGE, evaluate.THRESHOLD, evaluate.URI, evaluate.EXECUTION,
    }  # fmt: skip


def test_bundles_and_tables_are_looked_for_where_the_command_puts_them(told: dict[str, Any]) -> None:
    bundle = Bundle(commit="4f3e", body=b"")
    assert bundle.key.startswith(CODE)
    [archive] = {step["Arguments"]["AppSpecification"]["ContainerEntrypoint"][4] for step in processing(told)}
    assert archive.endswith(f"/{NAME}")
    assert bundle.key.endswith(f"/{NAME}")
    assert TABLES == INPUTS


def processing(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for step in told["Steps"] if step["Type"] == "Processing"]


def test_jobs_run_as_the_pipelines_own_role(told: dict[str, Any]) -> None:
    roles = [step["Arguments"]["RoleArn"] for step in told["Steps"] if "RoleArn" in step["Arguments"]]
    assert roles == [ROLE] * 3
