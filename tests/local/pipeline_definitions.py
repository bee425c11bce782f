"""Definitions of pipelines, made of a few lines; `${Bucket}` and `${JobRole}` are to be filled in."""

import json
from typing import Any

from tests.local.learning_assemblies import SKLEARN, XGBOOST

Step = dict[str, Any]
CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
DATA = "s3://${Bucket}/data"
EVALUATED = {"Get": "Steps.Evaluate.PropertyFiles.Report"}
MODEL = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}


def filled(told: Step, *, bucket: str = "bucket", role: str = "arn:aws:iam::000000000000:role/job") -> str:
    """A definition as a text, with its bucket and its role."""
    return json.dumps(told).replace("${Bucket}", bucket).replace("${JobRole}", role)


def get(path: str) -> Step:
    return {"Get": path}


def joined(separator: str, *values: Any) -> Step:
    return {"Std:Join": {"On": separator, "Values": list(values)}}


def read(path: str) -> Step:
    return {"Std:JsonGet": {"PropertyFile": EVALUATED, "Path": path}}


def definition(*steps: Step, **parameters: Any) -> Step:
    """Steps, and parameters with their defaults; one that is a type has none."""
    kinds = {str: "String", float: "Float", int: "Integer", bool: "Boolean"}
    listed = [
        {"Name": name, "Type": kinds[one]}
        if isinstance(one, type)
        else {"Name": name, "Type": kinds[type(one)], "DefaultValue": one}
        for name, one in parameters.items()
    ]
    return {"Version": "2020-12-01", "Metadata": {}, "Parameters": listed, "Steps": list(steps)}


def processing(name: str, command: str, source: Any = None, *, given: Step | None = None, **more: Any) -> Step:
    """A command line over what is in /opt/ml/processing/in, with an output from /opt/ml/processing/out."""
    fetched = {"S3DataType": "S3Prefix", "S3InputMode": "File", "LocalPath": "/opt/ml/processing/in"}
    inputs = [{"InputName": "in", "S3Input": {"S3Uri": source, **fetched}}] if source else []
    target = joined("/", DATA, "runs", get("Execution.PipelineExecutionId"), name)
    stored = {"S3Uri": target, "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {"ClusterConfig": CLUSTER},
            "AppSpecification": {"ImageUri": SKLEARN, "ContainerEntrypoint": ["bash", "-c", command]},
            "RoleArn": "${JobRole}",
            "ProcessingInputs": inputs,
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": stored}]},
            "Environment": given or {},
        },
        **more,
    }


def output(name: str) -> Step:
    """Where the output of a processing step is."""
    return get(f"Steps.{name}.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri")


def training(source: Any, **more: Any) -> Step:
    data = {"S3DataType": "S3Prefix", "S3Uri": source, "S3DataDistributionType": "FullyReplicated"}
    return {
        "Name": "Train",
        "Type": "Training",
        "Arguments": {
            "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
            "HyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": get("Parameters.Code"),
                "word": get("Parameters.Word"),
            },
            "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": data}}],
            "OutputDataConfig": {"S3OutputPath": joined("/", DATA, "runs", get("Execution.PipelineExecutionId"))},
            "ResourceConfig": CLUSTER,
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "RoleArn": "${JobRole}",
        },
        **more,
    }


def evaluation(source: Any = None) -> Step:
    """A step that leaves a text as its evaluation."""
    return processing(
        "Evaluate",
        'if [ "$TEXT" ]; then printf \'%s\' "$TEXT" > /opt/ml/processing/out/report.json; fi',
        source,
        given={"TEXT": get("Parameters.Text")},
        PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "report.json"}],
    )


def registration(model: Any = "s3://bucket/model.tar.gz", **more: Any) -> Step:
    container = {"Image": XGBOOST, "ModelDataUrl": model}
    return {
        "Name": "Register",
        "Type": "RegisterModel",
        "Arguments": {
            "ModelPackageGroupName": "models",
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {"Containers": [container], "SupportedContentTypes": ["text/csv"]},
            "CustomerMetadataProperties": {"execution": get("Execution.PipelineExecutionArn")},
        },
        **more,
    }


def gate(*, registers: Step) -> Step:
    """A model whose accuracy reaches the threshold is registered; else the execution fails."""
    accuracy, threshold = read("metrics.accuracy.value"), get("Parameters.Threshold")
    message = joined(" ", accuracy, "is below", threshold)
    return {
        "Name": "Gate",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "GreaterThanOrEqualTo", "LeftValue": accuracy, "RightValue": threshold}],
            "IfSteps": [registers],
            "ElseSteps": [{"Name": "TooLow", "Type": "Fail", "Arguments": {"ErrorMessage": message}}],
        },
    }


def build() -> Step:
    """All kinds of steps: rows are prepared, a model is trained, evaluated and registered."""
    return definition(
        processing(
            "Prepare",
            "cat /opt/ml/processing/in/* > /opt/ml/processing/out/rows.txt",
            joined("/", DATA, "rows/"),
            CacheConfig={"Enabled": True, "ExpireAfter": "PT1H"},
        ),
        training(output("Prepare")),
        evaluation(MODEL),
        gate(registers=registration(MODEL)),
        Code=str,
        Word="learn",
        Text='{"metrics": {"accuracy": {"value": 0.8}}}',
        Threshold=0.78,
    )
