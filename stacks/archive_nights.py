"""The state machine of a night's verification: leg after leg until all is compared, or a failure that is told."""

import json
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from config import ArchiveConfig, Config
from stacks.parts.python_function import log_retention
from stacks.parts.removal import removal_policy

_ALL = ["States.ALL"]


class ArchiveNights(Construct):
    """The machine and its role: it may call this function, and publish to this topic."""

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, verify: lambda_.IFunction, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[verify.function_arn]))
        topic.grant_publish(role)
        states = definition(config.archive, verify=verify.function_arn, topic=topic.topic_arn)
        log = logs.LogGroup(self, "Log", retention=log_retention(config), removal_policy=removal_policy(config))
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(json.dumps(states)),
            role=role,
            logs=sfn.LogOptions(destination=log, level=sfn.LogLevel.ALL, include_execution_data=True),
            tracing_enabled=True,
        )


def definition(config: ArchiveConfig, *, verify: str, topic: str) -> dict[str, Any]:
    """A leg that failed is walked again from where it began: what it found is written once."""
    states = {
        "Begin": {
            "Type": "Pass",
            "Parameters": {"leg": 1, "after": "", "read_all.$": "$.read_all"},
            "Next": "Verify",
        },
        "Verify": {
            **_leg(config, verify),
            "Catch": [{"ErrorEquals": _ALL, "ResultPath": "$.failure", "Next": "Tell"}],
            "Next": "Compared",
        },
        "Compared": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "Reported"}],
            "Default": "Verify",
        },
        "Reported": {"Type": "Succeed"},
        "Tell": {**_told(topic), "ResultPath": None, "Next": "Failed"},
        "Failed": {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"},
    }
    return {"StartAt": "Begin", "States": states}


def _leg(config: ArchiveConfig, verify: str) -> dict[str, Any]:
    execution = {"execution.$": "$$.Execution.Id", "started.$": "$$.Execution.StartTime"}
    leg = {f"{name}.$": f"$.{name}" for name in ("leg", "after", "read_all")}
    again = {"ErrorEquals": _ALL, "IntervalSeconds": config.retry_seconds, "MaxAttempts": 2, "BackoffRate": 2}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": verify, "Payload": {**execution, **leg}},
        "TimeoutSeconds": config.function_timeout_seconds + 30,
        "OutputPath": "$.Payload",
        "Retry": [again],
    }


def _told(topic: str) -> dict[str, Any]:
    """As `schemas/archive/notification.json` says of a night that could not compare."""
    message = {
        "date.$": "States.ArrayGetItem(States.StringSplit($$.Execution.StartTime, 'T'), 0)",
        "report.$": "$$.Execution.Id",
        "objects": 0,
        "damaged": 0,
        "reason.$": "$.failure.Cause",
        "first": [],
    }
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Parameters": {"TopicArn": topic, "Subject": "Verification failed", "Message": message},
    }
