"""A stack with what processing jobs need, and the program that they run."""

from typing import Any

from tests.local.assemblies import Resources, attribute, joined, listener, role

# Does what its arguments say; finds every path in its arguments and variables.
PROGRAM = """
import json, os, pathlib, signal, sys, time

def obey(word, *rest):
    if word == "exit":
        sys.exit(int(rest[0]))
    if word == "wait":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(int(rest[0])))
        print("ready", flush=True)
        time.sleep(60)
    if word == "say":
        pathlib.Path(os.environ["MESSAGE"]).write_text(rest[1] * int(rest[2]))
        sys.exit(int(rest[0]))
    if word == "shout":
        source, target = map(pathlib.Path, rest)
        for file in source.rglob("*"):
            if file.is_file():
                place = target / file.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(file.read_text().upper())
        (target / "link").symlink_to(place)
    if word == "keep":
        config = json.loads(pathlib.Path(rest[1]).read_text())
        told = {"environment": dict(os.environ), "argv": sys.argv[1:], "config": config}
        pathlib.Path(rest[0]).write_text(json.dumps(told))
    if word == "read":
        import boto3
        boto3.client("s3").get_object(Bucket=rest[0], Key="plan")
    if word == "shard":
        index, _, count = os.environ["SHARD"].partition("/")
        print(f"shard {index} of {count}", flush=True)
        if index == os.environ.get("WEAK") and os.environ["RETRY"] == "0":
            sys.exit(3)

obey(*sys.argv[1:])
"""
PROCESSING_LOGS = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/ProcessingJobs*"
SOURCE = {"source": ["aws.sagemaker", "aws.states"]}


def jobs(**more: Any) -> Resources:
    """The stack."""
    objects = joined(attribute("Bucket", "Arn"), "/data/*")
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "JobRole": role(
            "sagemaker",
            (["s3:GetObject"], objects),
            (["s3:PutObject"], objects),
            (["s3:ListBucket"], attribute("Bucket", "Arn")),
            (["ecr:*"], "*"),
            (["logs:CreateLogGroup"], PROCESSING_LOGS),
            (["logs:CreateLogStream", "logs:PutLogEvents"], PROCESSING_LOGS),
        ),
        "LambdaRole": role("lambda"),
        **listener(SOURCE),
        **more,
    }
