"""The pipeline of a model build, as the JSON that SageMaker runs: plain values in, plain values out.

DataPreProcessing → TrainModel → ModelEvaluation → QualityGate → RegisterModel, or a failure that says both numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config import ModelBuildConfig
from loupe import exit_message

Step = dict[str, Any]

CODE = "pipeline/code/"
CURATED = "data/curated/"
RUNTIME = "pipeline/runtime/"
INPUTS = {"InputTrainUri": f"{CURATED}train.csv", "InputValidationUri": f"{CURATED}validation.csv"}
ACCURACY = "metrics.accuracy.value"
JOB_NAMES = "pipelines-*"  # what SageMaker calls the jobs of its pipelines
LANGUAGE = "2020-12-01"
REMEMBERED = "PT1H"  # for those that do not say which versions of the tables they mean

_BUNDLE = "/opt/ml/processing/bundle"
_ARCHIVE = f"{_BUNDLE}/pipeline_code.tar.gz"
_CODE = "/opt/ml/processing/code"
_UNPACK_AND_RUN = (
    'set -euo pipefail; tar -xzOf "$1" archives.py | python3 - "$1" "$2" 2> "$0" || { cat "$0" >&2; exit 1; }; '
    'cd "$2"; exec python3 "${@:3}"'
)  # one line of at most 256 characters, as every word of an entrypoint
_UNWELL = ["Step.SERVICE_FAULT", "Step.THROTTLING"]
_HOST = ["SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a definition refers to; the stack gives tokens, tests give words."""

    pipeline: str
    bucket: str
    role: str
    group: str
    region: str
    scikit_learn_image: str
    xgboost_image: str
    tags: Mapping[str, str]


def definition(config: ModelBuildConfig, here: Surroundings) -> dict[str, Any]:
    """All of it; each execution writes below its own id."""
    return {
        "Version": LANGUAGE,
        "Metadata": {},
        "Parameters": [
            {"Name": "CodeBundleUri", "Type": "String"},
            *({"Name": name, "Type": "String", "DefaultValue": _at(here, key)} for name, key in INPUTS.items()),
            {"Name": "AccuracyThreshold", "Type": "Float", "DefaultValue": config.accuracy_threshold},
            {"Name": "InputVersions", "Type": "String", "DefaultValue": "unsaid"},
        ],
        "Steps": [_preprocessing(config, here), _training(config, here), _evaluation(config, here), _gate(here)],
    }


def _preprocessing(config: ModelBuildConfig, here: Surroundings) -> Step:
    """Both tables → arrays. What it made of the same bundle and the same versions of the tables is used again."""
    inputs = {
        "bundle": (_get("Parameters.CodeBundleUri"), _BUNDLE),
        "train": (_get("Parameters.InputTrainUri"), "/opt/ml/processing/train"),
        "validation": (_get("Parameters.InputValidationUri"), "/opt/ml/processing/validation"),
    }
    words = ["preprocess.py", *("/opt/ml/processing/" + name for name in ("train", "validation", "features"))]
    step = _processing("DataPreProcessing", config, here, image=here.scikit_learn_image, words=words)
    step["Arguments"] |= _channels(here, "DataPreProcessing", inputs, {"features": "/opt/ml/processing/features"})
    step["Arguments"]["Environment"]["LOUPE_INPUT_VERSIONS"] = _get("Parameters.InputVersions")
    step["CacheConfig"] = {"Enabled": True, "ExpireAfter": REMEMBERED}
    return step


def _training(config: ModelBuildConfig, here: Surroundings) -> Step:
    """Script mode: the image fetches the bundle and runs train.py, which knows its own parameters."""
    return {
        "Name": "TrainModel",
        "Type": "Training",
        "Arguments": {
            "AlgorithmSpecification": {"TrainingImage": here.xgboost_image, "TrainingInputMode": "File"},
            "HyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": _get("Parameters.CodeBundleUri"),
                "sagemaker_region": here.region,
            },
            "InputDataConfig": [_training_channel("features", _features())],
            "OutputDataConfig": {"S3OutputPath": _runtime(here, "TrainModel")},
            "ResourceConfig": _cluster(config),
            "StoppingCondition": {"MaxRuntimeInSeconds": config.step_minutes * 60},
            "RoleArn": here.role,
            "Tags": _tags(here),
        },
        "RetryPolicies": _retries(config),
    }


def _evaluation(config: ModelBuildConfig, here: Surroundings) -> Step:
    """The model beside the rows that it has not seen → evaluation.json and a report for people."""
    inputs = {
        "bundle": (_get("Parameters.CodeBundleUri"), _BUNDLE),
        "model": (_get("Steps.TrainModel.ModelArtifacts.S3ModelArtifacts"), "/opt/ml/processing/model"),
        "features": (_features(), "/opt/ml/processing/features"),
    }
    words = ["evaluate.py", *("/opt/ml/processing/" + name for name in ("model", "features", "bundle", "evaluation"))]
    step = _processing("ModelEvaluation", config, here, image=here.xgboost_image, words=words)
    step["Arguments"] |= _channels(here, "ModelEvaluation", inputs, {"evaluation": "/opt/ml/processing/evaluation"})
    step["Arguments"]["Environment"] |= {
        "LOUPE_THRESHOLD": _text(_get("Parameters.AccuracyThreshold")),
        "LOUPE_CODE_BUNDLE": _get("Parameters.CodeBundleUri"),
        "LOUPE_EXECUTION": _get("Execution.PipelineExecutionId"),
    }
    step["PropertyFiles"] = [
        {"PropertyFileName": "Evaluation", "OutputName": "evaluation", "FilePath": "evaluation.json"}
    ]
    return step


def _gate(here: Surroundings) -> Step:
    """At least the threshold; an evaluation without the number ends the execution, too."""
    accuracy = {
        "Std:JsonGet": {"PropertyFile": _get("Steps.ModelEvaluation.PropertyFiles.Evaluation"), "Path": ACCURACY}
    }
    threshold = _get("Parameters.AccuracyThreshold")
    reason = _joined(" ", "The model is not registered: its accuracy is", accuracy, "and must be at least", threshold)
    return {
        "Name": "QualityGate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": accuracy, "RightValue": threshold}],
            "IfSteps": [_registration(here)],
            "ElseSteps": [{"Name": "AccuracyTooLow", "Type": "Fail", "Arguments": {"ErrorMessage": reason}}],
        },
    }


def _registration(here: Surroundings) -> Step:
    """A version that nobody uses before somebody approves of it, and what it was made from."""
    report = _get("Steps.ModelEvaluation.ProcessingOutputConfig.Outputs['evaluation'].S3Output.S3Uri")
    statistics = {"ContentType": "application/json", "S3Uri": _joined("/", report, "evaluation.json")}
    return {
        "Name": "RegisterModel",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": here.group,
            "ModelPackageDescription": "text/csv or application/json: passengers as in train.csv, without Survived",
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": _inference(here),
            "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
            "CustomerMetadataProperties": {
                "code_bundle": _get("Parameters.CodeBundleUri"),
                "input_train": _get("Parameters.InputTrainUri"),
                "input_validation": _get("Parameters.InputValidationUri"),
                "input_versions": _get("Parameters.InputVersions"),
                "execution": _get("Execution.PipelineExecutionArn"),
                "evaluation": _joined("/", report, "evaluation.json"),
                "report": _joined("/", report, "report.html"),
            },
        },
        "RetryPolicies": [_retry(_UNWELL, seconds=1, most=5)],
    }


def _inference(here: Surroundings) -> Step:
    """The model carries the code that answers for it, in code/."""
    container = {
        "Image": here.xgboost_image,
        "ModelDataUrl": _get("Steps.TrainModel.ModelArtifacts.S3ModelArtifacts"),
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "SAGEMAKER_REGION": here.region,
        },
    }
    types = ["text/csv", "application/json"]
    instances = ["ml.m5.large", "ml.m5.xlarge"]
    return {
        "Containers": [container],
        "SupportedContentTypes": types,
        "SupportedResponseMIMETypes": types,
        "SupportedRealtimeInferenceInstanceTypes": instances,
        "SupportedTransformInstanceTypes": instances,
    }


def _processing(name: str, config: ModelBuildConfig, here: Surroundings, *, image: str, words: list[str]) -> Step:
    """A job that unpacks the bundle, refuses it if need be, and runs a program of it with these words."""
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {"ClusterConfig": _cluster(config)},
            "AppSpecification": {
                "ImageUri": image,
                "ContainerEntrypoint": ["bash", "-c", _UNPACK_AND_RUN, exit_message.FILE, _ARCHIVE, _CODE],
                "ContainerArguments": words,
            },
            "Environment": {exit_message.VARIABLE: exit_message.FILE},
            "StoppingCondition": {"MaxRuntimeInSeconds": config.step_minutes * 60},
            "RoleArn": here.role,
            "Tags": _tags(here),
        },
        "RetryPolicies": _retries(config),
    }


def _channels(here: Surroundings, step: str, inputs: Mapping[str, tuple[Any, str]], outputs: Mapping[str, str]) -> Step:
    return {
        "ProcessingInputs": [_input(name, uri, place) for name, (uri, place) in inputs.items()],
        "ProcessingOutputConfig": {
            "Outputs": [_output(name, _runtime(here, step, name), place) for name, place in outputs.items()]
        },
    }


def _input(name: str, uri: Any, place: str) -> Step:
    fetched = {"S3DataType": "S3Prefix", "S3InputMode": "File", "S3DataDistributionType": "FullyReplicated"}
    return {"InputName": name, "AppManaged": False, "S3Input": {"S3Uri": uri, "LocalPath": place, **fetched}}


def _output(name: str, uri: Any, place: str) -> Step:
    stored = {"S3Uri": uri, "LocalPath": place, "S3UploadMode": "EndOfJob"}
    return {"OutputName": name, "AppManaged": False, "S3Output": stored}


def _training_channel(name: str, uri: Any) -> Step:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def _features() -> Step:
    return _get("Steps.DataPreProcessing.ProcessingOutputConfig.Outputs['features'].S3Output.S3Uri")


def _runtime(here: Surroundings, *words: str) -> Step:
    """Where an execution leaves something."""
    return _joined("/", _at(here, f"{RUNTIME}{here.pipeline}"), _get("Execution.PipelineExecutionId"), *words)


def _at(here: Surroundings, key: str) -> str:
    return f"s3://{here.bucket}/{key}"


def _cluster(config: ModelBuildConfig) -> Step:
    return {"InstanceType": config.instance_type, "InstanceCount": 1, "VolumeSizeInGB": 10}


def _retries(config: ModelBuildConfig) -> list[Step]:
    """What SageMaker itself is to blame for; a program that fails has failed."""
    return [
        _retry(_UNWELL, seconds=1, most=5),
        _retry(_HOST, seconds=config.retry_seconds, most=3),
    ]


def _retry(errors: list[str], *, seconds: int, most: int) -> Step:
    return {"ExceptionType": errors, "IntervalSeconds": seconds, "BackoffRate": 2, "MaxAttempts": most}


def _tags(here: Surroundings) -> list[Step]:
    return [{"Key": key, "Value": value} for key, value in here.tags.items()]


def _get(path: str) -> Step:
    return {"Get": path}


def _text(value: Step) -> Step:
    """A value as the text that environments take."""
    return _joined("", value)


def _joined(separator: str, *values: Any) -> Step:
    return {"Std:Join": {"On": separator, "Values": list(values)}}
