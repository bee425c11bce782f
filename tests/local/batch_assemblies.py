"""A stack with everything that a Batch job on Fargate Spot needs, and the program that it runs."""

from typing import Any

from tests.local.assemblies import REGISTRY, Resources, attribute, joined, listener, role

# Does what its command says, and tells in its log what it was given.
PROGRAM = """
import json, os, pathlib, signal, sys, time

def obey(word, *rest):
    if word == "exit":
        sys.exit(int(rest[0]))
    if word == "fail-until":
        sys.exit(0 if int(os.environ["AWS_BATCH_JOB_ATTEMPT"]) >= int(rest[0]) else int(rest[1]))
    if word == "wait":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(int(rest[0])))
        print("ready", flush=True)
        time.sleep(60)
    if word == "hang":
        signal.signal(signal.SIGTERM, lambda *_: print("not now", flush=True))
        print("ready", flush=True)
        while True:
            time.sleep(60)
    if word == "once":
        if int(os.environ["AWS_BATCH_JOB_ATTEMPT"]) == 1:
            obey("wait", "75")
    if word == "grow":
        hoard = b"1" * (int(rest[0]) << 20)
        time.sleep(60)
    if word == "keep":
        pathlib.Path(rest[0]).write_text(json.dumps(dict(os.environ)))
    if word == "read":
        import boto3
        boto3.client("s3").get_object(Bucket=rest[0], Key="plan")

print(json.dumps({"attempt": os.environ["AWS_BATCH_JOB_ATTEMPT"], "argv": sys.argv[1:]}), flush=True)
obey(*sys.argv[1:])
"""
BATCH_LOGS = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/batch/job*"
SPOT = "Your Spot Task was interrupted*"
RULES = [
    {"Action": "RETRY", "OnStatusReason": SPOT},
    {"Action": "RETRY", "OnExitCode": "75"},
    {"Action": "RETRY", "OnReason": "CannotPullContainerError:*", "OnStatusReason": "Task failed to start"},
    {"Action": "EXIT", "OnReason": "*"},
]


def definition(**changes: Any) -> Resources:
    """A job definition in the newer of Batch's two shapes, the one that knows a stop timeout."""
    container = {
        "Name": "worker",
        "Image": f"{REGISTRY}:program",
        "Essential": True,
        "StopTimeout": 2,
        "Environment": [{"Name": "LOUPE_PAGES", "Value": "3"}],
        "Secrets": [{"Name": "LOUPE_KEY", "ValueFrom": joined({"Ref": "Secret"}, ":key::")}],
        "ResourceRequirements": [{"Type": "VCPU", "Value": "1"}, {"Type": "MEMORY", "Value": "2048"}],
        "LogConfiguration": {
            "LogDriver": "awslogs",
            "Options": {"awslogs-group": {"Ref": "Logs"}, "awslogs-stream-prefix": "ocr"},
        },
    }
    task = {
        "ExecutionRoleArn": attribute("ExecutionRole", "Arn"),
        "TaskRoleArn": attribute("JobRole", "Arn"),
        "NetworkConfiguration": {"AssignPublicIp": "ENABLED"},
        "Containers": [container],
    }
    properties = {
        "Type": "container",
        "PlatformCapabilities": ["FARGATE"],
        "EcsProperties": {"TaskProperties": [task]},
        "RetryStrategy": {"Attempts": 3, "EvaluateOnExit": RULES},
        **changes,
    }
    return {"Type": "AWS::Batch::JobDefinition", "Properties": properties}


def older_definition() -> Resources:
    """A job definition in the older of Batch's two shapes."""
    properties = {
        "Type": "container",
        "PlatformCapabilities": ["FARGATE"],
        "Parameters": {"code": "4"},
        "ContainerProperties": {
            "Image": f"{REGISTRY}:program",
            "Command": ["exit", "Ref::code"],
            "ExecutionRoleArn": attribute("ExecutionRole", "Arn"),
            "ResourceRequirements": [{"Type": "VCPU", "Value": "0.25"}, {"Type": "MEMORY", "Value": "512"}],
        },
    }
    return {"Type": "AWS::Batch::JobDefinition", "Properties": properties}


def network() -> Resources:
    """The resources of a VPC with one public subnet and a gateway endpoint, as the CDK writes them."""
    vpc = {"VpcId": {"Ref": "Vpc"}}
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                **vpc,
                "CidrBlock": "10.0.0.0/17",
                "AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
                "MapPublicIpOnLaunch": True,
            },
        },
        "Table": {"Type": "AWS::EC2::RouteTable", "Properties": vpc},
        "TableOfSubnet": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {"RouteTableId": {"Ref": "Table"}, "SubnetId": {"Ref": "Subnet"}},
        },
        "Gateway": {"Type": "AWS::EC2::InternetGateway", "Properties": {}},
        "GatewayOfVpc": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {**vpc, "InternetGatewayId": {"Ref": "Gateway"}},
        },
        "Route": {
            "Type": "AWS::EC2::Route",
            "DependsOn": ["GatewayOfVpc"],
            "Properties": {
                "RouteTableId": {"Ref": "Table"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": {"Ref": "Gateway"},
            },
        },
        "Endpoint": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                **vpc,
                "ServiceName": joined("com.amazonaws.", {"Ref": "AWS::Region"}, ".s3"),
                "RouteTableIds": [{"Ref": "Table"}],
                "VpcEndpointType": "Gateway",
            },
        },
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {**vpc, "GroupDescription": "Jobs"}},
    }


def jobs(*, vcpus: int = 2) -> Resources:
    """The stack."""
    template = '{"url": "https://ocr.example"}'
    generated = {"SecretStringTemplate": template, "GenerateStringKey": "key", "ExcludePunctuation": True}
    environment = {
        "Type": "managed",
        "ComputeResources": {
            "Type": "FARGATE_SPOT",
            "MaxvCpus": vcpus,
            "Subnets": [{"Ref": "Subnet"}],
            "SecurityGroupIds": [attribute("Group", "GroupId")],
            "UpdateToLatestImageVersion": True,
        },
        "ReplaceComputeEnvironment": False,
    }
    order = [{"Order": 1, "ComputeEnvironment": attribute("Environment", "ComputeEnvironmentArn")}]
    return {
        **network(),
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"GenerateSecretString": generated, "KmsKeyId": attribute("Key", "Arn")},
        },
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "ExecutionRole": role(
            "ecs-tasks",
            (["ecr:*"], "*"),
            (["logs:CreateLogStream", "logs:PutLogEvents"], [attribute("Logs", "Arn"), BATCH_LOGS]),
            (["logs:CreateLogGroup"], BATCH_LOGS),
            (["secretsmanager:GetSecretValue"], {"Ref": "Secret"}),
            (["kms:Decrypt"], attribute("Key", "Arn")),
        ),
        "JobRole": role("ecs-tasks", (["s3:ListBucket"], attribute("Bucket", "Arn"))),
        "Environment": {"Type": "AWS::Batch::ComputeEnvironment", "Properties": environment},
        "JobQueue": {
            "Type": "AWS::Batch::JobQueue",
            "Properties": {"Priority": 1, "ComputeEnvironmentOrder": order},
        },
        "Definition": definition(),
        "Older": older_definition(),
        **listener({"source": ["aws.batch"], "detail": {"jobQueue": [{"Ref": "JobQueue"}]}}),
    }
