"""Cloud assemblies as the CDK writes them, made of a few lines."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REGISTRY = "000000000000.dkr.ecr.us-east-1.amazonaws.com/cdk-hnb659fds-container-assets-000000000000-us-east-1"
ASSETS = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
Resources = dict[str, Any]

PROGRAM = """
import http.server, json, os, time

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"die":
            os._exit(1)
        if body == b"wait":
            time.sleep(30)
        if body == b"refuse":
            return self.answer(400, b"no walls on page 1")
        if body == b"endless":
            self.close_connection = True
            self.send_response(200)
            self.end_headers()
            return self.wfile.write(b"no length")
        self.answer(200, json.dumps({"headers": dict(self.headers), "environment": dict(os.environ)}).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.test+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

address = os.environ["BIND_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"])
http.server.ThreadingHTTPServer(address, Server).serve_forever()
"""
DOCKERFILE = (
    'FROM python:3.13-slim\nENV GREETING="hello there"\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["python", "program.py"]\n'
)


def write_assembly(
    folder: Path,
    stacks: Mapping[str, Resources],
    *,
    needs: Mapping[str, list[str]] | None = None,
    program: str = PROGRAM,
) -> Path:
    """A folder as `cdk synth` leaves it, with one image asset `program`."""
    image = folder / "asset.program"
    image.mkdir(parents=True, exist_ok=True)
    (image / "program.py").write_text(program)
    (image / "Dockerfile").write_text(DOCKERFILE)
    artifacts: dict[str, Any] = {}
    for name, resources in stacks.items():
        _write_stack(folder, name, resources)
        manifest = {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.assets.json"}}
        stack = {"templateFile": f"{name}.template.json", "stackName": name}
        wanted = [f"{name}.assets", *(needs or {}).get(name, [])]
        artifacts[f"{name}.assets"] = manifest
        artifacts[name] = {"type": "aws:cloudformation:stack", "properties": stack, "dependencies": wanted}
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))
    return folder


def _write_stack(folder: Path, name: str, resources: Resources) -> None:
    template = json.dumps({"Resources": resources})
    (folder / f"{name}.template.json").write_text(template)
    place = {"bucketName": ASSETS, "objectKey": f"{name}{hash(template)}.json"}
    files = {name: {"source": {"path": f"{name}.template.json", "packaging": "file"}, "destinations": {"here": place}}}
    pushed = {"repositoryName": "program", "imageTag": "program"}
    images = {"program": {"source": {"directory": "asset.program"}, "destinations": {"here": pushed}}}
    listed = {"version": "55.0.0", "files": files, "dockerImages": images}
    (folder / f"{name}.assets.json").write_text(json.dumps(listed))


def role(service: str, *statements: tuple[list[str], Any]) -> Resources:
    """A role that a service may assume, with what it may do."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
    allowed = [{"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in statements]
    policy = {"PolicyName": "may", "PolicyDocument": {"Version": "2012-10-17", "Statement": allowed}}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [policy] if allowed else [],
        },
    }


def attribute(resource: str, name: str) -> Resources:
    """Fn::GetAtt."""
    return {"Fn::GetAtt": [resource, name]}


def joined(*parts: Any) -> Resources:
    """Fn::Join of parts without anything between them."""
    return {"Fn::Join": ["", list(parts)]}


def listener(pattern: Resources) -> Resources:
    """A queue that hears of every event of a pattern."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attribute("Heard", "Arn"),
    }
    secure = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": attribute("Heard", "Arn"),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        "Heard": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "HeardPolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Heard"}], "PolicyDocument": {"Statement": [statement, secure]}},
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": pattern,
                "State": "ENABLED",
                "Targets": [{"Id": "queue", "Arn": attribute("Heard", "Arn")}],
            },
        },
    }


def endpoint(*, image: str = f"{REGISTRY}:program", isolated: bool = True) -> Resources:
    """An asynchronous endpoint with its bucket, topic, queue and role."""
    queue_policy = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": attribute("Queue", "Arn"),
                "Condition": {"ArnEquals": {"aws:SourceArn": {"Ref": "Topic"}}},
            }
        ]
    }
    objects = {"Fn::Join": ["", [attribute("Bucket", "Arn"), "/*"]]}
    output = {
        "S3OutputPath": {"Fn::Join": ["", ["s3://", {"Ref": "Bucket"}, "/output/"]]},
        "S3FailurePath": {"Fn::Join": ["", ["s3://", {"Ref": "Bucket"}, "/failure"]]},
        "NotificationConfig": {"SuccessTopic": {"Ref": "Topic"}, "ErrorTopic": {"Ref": "Topic"}},
    }
    variant = {"VariantName": "all", "ModelName": attribute("Model", "ModelName"), "InitialInstanceCount": 1}
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": queue_policy},
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": attribute("Queue", "Arn"),
                "RawMessageDelivery": True,
            },
        },
        "Role": role(
            "sagemaker",
            (["s3:GetObject", "s3:PutObject"], objects),
            (["sns:Publish"], {"Ref": "Topic"}),
            (["ecr:*"], "*"),
        ),
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": attribute("Role", "Arn"),
                "EnableNetworkIsolation": isolated,
                "PrimaryContainer": {"Image": image, "Environment": {"LOUPE_PAGES": "3"}},
            },
        },
        "Configuration": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {
                "ProductionVariants": [variant],
                "AsyncInferenceConfig": {
                    "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2},
                    "OutputConfig": output,
                },
            },
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {"EndpointConfigName": attribute("Configuration", "EndpointConfigName")},
        },
    }
