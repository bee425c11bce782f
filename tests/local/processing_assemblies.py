"""A stack with what processing jobs need, and the program that they run."""

import json
from typing import Any

from tests.local.assemblies import REGISTRY, Resources, attribute, joined, listener, role

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
# Answers what it is given, and what its execution is not given; or fails after a while.
FUNCTION = """
import time

def handle(event, context):
    if "sleep" in event:
        time.sleep(event["sleep"])
        print(event["run"], "woke")
        raise RuntimeError("too late")
    return {"shards": [0, 1, 2], "words": ["shard"], "weak": "none", **event}
"""
JOBS = "arn:aws:sagemaker:us-east-1:000000000000:processing-job/*"
RULE = "arn:aws:events:us-east-1:000000000000:rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule"
SOURCE = {"source": ["aws.sagemaker", "aws.states"]}


def machine(**task: Any) -> Resources:
    """A state machine that runs shards, each a processing job by a `task`, and tells how it went; and its needs."""
    created = {
        "ProcessingJobName.$": "States.Format('{}-{}-{}', $.run, $.index, $$.State.RetryCount)",
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "AppSpecification": {"ImageUri": f"{REGISTRY}:program", "ContainerArguments.$": "$.words"},
        "Environment": {
            "SHARD.$": "States.Format('{}/3', $.index)",
            "RETRY.$": "States.Format('{}', $$.State.RetryCount)",
            "WEAK.$": "$.weak",
        },
        "RoleArn": "${JobRole}",
    }
    shard = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Parameters": created,
        "ResultSelector": {"job.$": "$.ProcessingJobName", "status.$": "$.ProcessingJobStatus"},
        "Retry": [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "End": True,
        **task,
    }
    told = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish"}
    failure = {"TopicArn": "${Topic}", "Message.$": "States.Format('failed: {}', $.failure.Error)"}
    states = {
        "Choose": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${Function}", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "Next": "Shards",
        },
        "Shards": {
            "Type": "Map",
            "ItemsPath": "$.shards",
            "ItemSelector": {
                "index.$": "$$.Map.Item.Value",
                "run.$": "$.run",
                "words.$": "$.words",
                "weak.$": "$.weak",
            },
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Shard", "States": {"Shard": shard}},
            "MaxConcurrency": 3,
            "ResultPath": "$.done",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Regret"}],
            "Next": "Tell",
        },
        "Tell": {**told, "Parameters": {"TopicArn": "${Topic}", "Message": "done"}, "ResultPath": None, "End": True},
        "Regret": {**told, "Parameters": failure, "ResultPath": None, "Next": "Failed"},
        "Failed": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"},
    }
    definition = json.dumps({"StartAt": "Choose", "States": states})
    used = {
        "JobRole": attribute("JobRole", "Arn"),
        "Topic": {"Ref": "Topic"},
        "Function": attribute("Function", "Arn"),
    }
    subscribed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attribute("Told", "Arn"),
    }
    function = {"Runtime": "python3.14", "Handler": "index.handle", "Code": {"ZipFile": FUNCTION}}
    return {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": attribute("Told", "Arn"),
                "RawMessageDelivery": True,
            },
        },
        "Told": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "ToldPolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Told"}], "PolicyDocument": {"Statement": [subscribed]}},
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {**function, "Role": attribute("LambdaRole", "Arn")},
        },
        "MachineRole": role(
            "states",
            *(([f"sagemaker:{verb}ProcessingJob"], JOBS) for verb in ("Create", "Describe", "Stop")),
            (["sagemaker:AddTags"], JOBS),
            (["iam:PassRole"], attribute("JobRole", "Arn")),
            (["events:PutTargets", "events:PutRule", "events:DescribeRule"], RULE),
            (["lambda:InvokeFunction"], attribute("Function", "Arn")),
            (["sns:Publish"], {"Ref": "Topic"}),
        ),
        "StarterRole": role("events", (["states:StartExecution"], {"Ref": "Machine"})),
        "SchedulerRole": role("scheduler", (["states:StartExecution"], {"Ref": "Machine"})),
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": attribute("MachineRole", "Arn"),
                "DefinitionString": {"Fn::Sub": [definition, used]},
            },
        },
    }


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
