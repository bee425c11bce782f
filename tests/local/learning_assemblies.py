"""A stack with what training jobs and pipelines need."""

import io
import json
import tarfile
from typing import Any

from local.managed_images import REGISTRY
from tests.local.assemblies import Resources, attribute, joined, listener, role

SKLEARN, XGBOOST = f"{REGISTRY}/sagemaker-scikit-learn:1.2-1-cpu-py3", f"{REGISTRY}/sagemaker-xgboost:1.7-1"
ECR = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
REPOSITORIES = [
    f"arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-{name}" for name in ("scikit-learn", "xgboost")
]
LOGS = [
    f"arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/{kind}Jobs*" for kind in ("Processing", "Training")
]

SAGEMAKER = "arn:aws:sagemaker:us-east-1:000000000000:"

# Does what its hyperparameter says.
TRAIN = """
import json, os, pathlib, signal, sys, time

word = sys.argv[sys.argv.index("--word") + 1]
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
(model / "weights").mkdir()
(model / "weights" / "model.txt").write_text("learned")
if word == "tell":
    told = {"environment": dict(os.environ), "argv": sys.argv[1:], "folder": os.getcwd()}
    (model / "told.json").write_text(json.dumps(told))
if word == "learn":
    [file] = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir()
    (model / "model.txt").write_text(file.read_text().upper())
    pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "notes.txt").write_text("noted")
if word == "wait":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("ready", flush=True)
    time.sleep(60)
if word == "fail":
    sys.exit(3)
if word == "explain":
    pathlib.Path(os.environ["SM_OUTPUT_DIR"], "failure").write_text("the rows are empty")
    sys.exit(4)
"""


def archive(**files: str) -> bytes:
    """A .tar.gz with these Python files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as written:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{name}.py")
            member.size = len(text.encode())
            written.addfile(member, io.BytesIO(text.encode()))
    return content.getvalue()


def pipeline_role() -> Resources:
    """What the role of a pipeline is allowed: its jobs, its versions, its property files, the role of its jobs."""
    return role(
        "sagemaker",
        *(
            ([f"sagemaker:{verb}{kind}Job"], f"{SAGEMAKER}{kind.lower()}-job/pipelines-*")
            for kind in ("Processing", "Training")
            for verb in ("Create", "Describe", "Stop")
        ),
        (["sagemaker:AddTags"], [f"{SAGEMAKER}{kind}-job/pipelines-*" for kind in ("processing", "training")]),
        (["sagemaker:CreateModelPackage"], f"{SAGEMAKER}model-package/models/*"),
        (["sagemaker:DescribeModelPackage"], f"{SAGEMAKER}model-package/models/*"),
        (["iam:PassRole"], attribute("JobRole", "Arn")),
        (["s3:GetObject"], joined(attribute("Bucket", "Arn"), "/data/*")),
    )


def pipeline(name: str, definition: dict[str, Any], **more: Any) -> Resources:
    """A pipeline of the stack; `${Bucket}` and `${JobRole}` in its definition are the stack's."""
    used = {"Bucket": {"Ref": "Bucket"}, "JobRole": attribute("JobRole", "Arn")}
    body = {"Fn::Sub": [json.dumps(definition), used]}
    return {
        "Type": "AWS::SageMaker::Pipeline",
        "Properties": {
            "PipelineName": name,
            "RoleArn": attribute("PipelineRole", "Arn"),
            "PipelineDefinition": {"PipelineDefinitionBody": body},
            **more,
        },
    }


def learning(**more: Any) -> Resources:
    """The stack."""
    objects = joined(attribute("Bucket", "Arn"), "/data/*")
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "JobRole": role(
            "sagemaker",
            (["s3:GetObject"], objects),
            (["s3:PutObject"], objects),
            (["s3:ListBucket"], attribute("Bucket", "Arn")),
            (["ecr:GetAuthorizationToken"], "*"),
            (ECR, REPOSITORIES),
            (["logs:CreateLogGroup"], LOGS),
            (["logs:CreateLogStream", "logs:PutLogEvents"], LOGS),
        ),
        "LambdaRole": role("lambda"),
        **listener({"source": ["aws.sagemaker"]}),
        **more,
    }
