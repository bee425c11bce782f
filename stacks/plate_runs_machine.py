"""The state machine of a run: begin, measure every shard, bring the ledger up, tell; as data, and as a resource."""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from config import Config, PlateRunsConfig
from stacks.parts.python_function import log_retention
from stacks.parts.removal import removal_policy
from stacks.plate_runs_jobs import PlateRunsJobs

State = dict[str, Any]

_JOB = "arn:aws:states:::sagemaker:createProcessingJob.sync"
_INVOKE = "arn:aws:states:::lambda:invoke"
_BUSY = ["SageMaker.ResourceLimitExceededException"]
_UNWELL = ["SageMaker.AmazonSageMakerException", "SageMaker.ResourceInUseException"]
_LAMBDA_FAULTS = ["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"]
_HOST_FAULTS = ("CapacityError", "InternalServerError")  # how the reason of a job begins whose program is not to blame
_ALL = ["States.ALL"]


class PlateRunsMachine(Construct):
    """The machine and its role: it may start these jobs as these roles, and call these functions."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        jobs: PlateRunsJobs,
        start: lambda_.IFunction,
        end: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stack = Stack.of(self)
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
        self._let_run(jobs)
        self._allow(["lambda:InvokeFunction"], start.function_arn, end.function_arn)
        states = definition(config.plate_runs, jobs, start=start.function_arn, end=end.function_arn)
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_type=sfn.StateMachineType.STANDARD,
            definition_body=sfn.DefinitionBody.from_string(json.dumps(states)),
            role=self._role,
            logs=sfn.LogOptions(destination=self._log(config), level=sfn.LogLevel.ALL, include_execution_data=True),
            tracing_enabled=True,
        )

    def _log(self, config: Config) -> logs.LogGroup:
        return logs.LogGroup(self, "Log", retention=log_retention(config), removal_policy=removal_policy(config))

    def _let_run(self, jobs: PlateRunsJobs) -> None:
        """What Step Functions itself does for `.sync`: start, look, stop, tag, and hear of the end by its own rule."""
        verbs = ("CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob", "AddTags", "ListTags")
        named = self._stack.format_arn(service="sagemaker", resource="processing-job", resource_name="run-*")
        self._allow([f"sagemaker:{verb}" for verb in verbs], named)
        rule = self._stack.format_arn(
            service="events", resource="rule", resource_name="StepFunctionsGetEventsForSageMakerProcessingJobsRule"
        )
        self._allow(["events:PutTargets", "events:PutRule", "events:DescribeRule"], rule)
        to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        roles = [role.role_arn for role in (jobs.run_role, jobs.ledger_role)]
        self._allow(["iam:PassRole"], *roles, conditions=to_sagemaker)

    def _allow(self, actions: list[str], *resources: str, conditions: Mapping[str, object] | None = None) -> None:
        statement = iam.PolicyStatement(actions=actions, resources=list(resources), conditions=conditions)
        self._role.add_to_policy(statement)


def definition(config: PlateRunsConfig, jobs: PlateRunsJobs, *, start: str, end: str) -> State:
    """A run whose shards failed gets its ledger all the same; only what was not begun has none."""
    begun = {"execution.$": "$$.Execution.Id", "started.$": "$$.Execution.StartTime", "input.$": "$"}
    ended = {"execution.$": "$$.Execution.Id", "ended.$": "$"}
    left = {"ErrorEquals": _ALL, "ResultPath": "$.failure", "Next": "End"}
    states = {
        "Begin": {
            **_call(start, begun, config, again=_LAMBDA_FAULTS),
            "ResultSelector": {"run.$": "$.Payload"},
            "Catch": [{"ErrorEquals": _ALL, "Next": "NotBegun"}],
            "Next": "Shards",
        },
        "NotBegun": {"Type": "Pass", "Parameters": {"failure.$": "$"}, "Next": "End"},
        "Shards": {**_shards(config, jobs), "Catch": [left], "Next": "Ledger"},
        "Ledger": {**_ledger(config, jobs), "Catch": [left], "Next": "End"},
        "End": {**_call(end, ended, config, again=_ALL), "OutputPath": "$.Payload", "Next": "Whole"},
        "Whole": _choice({"Variable": "$.state", "StringEquals": "SUCCEEDED"}, then="Succeeded", otherwise="Failed"),
        "Succeeded": {"Type": "Succeed"},
        "Failed": {"Type": "Fail", "Error": "RunFailed", "CausePath": "$.reason"},
    }
    return {"StartAt": "Begin", "States": states}


def _shards(config: PlateRunsConfig, jobs: PlateRunsJobs) -> State:
    """Every shard to its end, whatever becomes of the others."""
    item = {"run.$": "$.run", "shard.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "attempt": 0}
    return {
        "Type": "Map",
        "ItemsPath": "$.run.shards",
        "ItemSelector": item,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "Measure",
            "States": _shard_states(config, jobs),
        },
        "MaxConcurrency": config.jobs_at_once,
        "ResultPath": "$.shards",
    }


def _shard_states(config: PlateRunsConfig, jobs: PlateRunsJobs) -> State:
    """A job, and while its host is to blame, after a pause another."""
    name = "States.Format('{}-{}-{}-{}', $.run.jobs, $.index, $.attempt, $$.State.RetryCount)"
    host = [{"Variable": "$.failure.Cause", "StringMatches": f'*"FailureReason":*"{fault}*'} for fault in _HOST_FAULTS]
    patience = {"Variable": "$.attempt", "NumericLessThan": config.attempts - 1}
    once_more = {"run.$": "$.run", "shard.$": "$.shard", "index.$": "$.index"}
    return {
        "Measure": {
            **_job(jobs.shard(name), config),
            "Retry": _retries(config),
            "Catch": [{"ErrorEquals": _ALL, "ResultPath": "$.failure", "Next": "HostFailed"}],
            "Next": "Complete",
        },
        "Complete": {"Type": "Pass", "Parameters": {"shard.$": "$.shard"}, "End": True},
        "HostFailed": _choice({"And": [patience, {"Or": host}]}, then="Pause", otherwise="Left"),
        "Pause": {"Type": "Wait", "Seconds": config.retry_seconds, "Next": "Again"},
        "Again": {
            "Type": "Pass",
            "Parameters": {**once_more, "attempt.$": "States.MathAdd($.attempt, 1)"},
            "Next": "Measure",
        },
        "Left": {"Type": "Pass", "Parameters": {"shard.$": "$.shard", "failure.$": "$.failure"}, "End": True},
    }


def _ledger(config: PlateRunsConfig, jobs: PlateRunsJobs) -> State:
    """One job; again when it fails, for another run's may have written the ledger meanwhile."""
    name = "States.Format('{}-ledger-{}', $.run.jobs, $$.State.RetryCount)"
    again = _retry(["States.TaskFailed"], config, most=2, rate=2)
    return {**_job(jobs.ledger(name), config), "Retry": [*_retries(config), again]}


def _job(request: State, config: PlateRunsConfig) -> State:
    """A job, waited for until it has surely been stopped."""
    seconds = (config.job_hours + 1) * 3600
    return {"Type": "Task", "Resource": _JOB, "Parameters": request, "TimeoutSeconds": seconds, "ResultPath": None}


def _retries(config: PlateRunsConfig) -> list[State]:
    """What SageMaker refuses for now: too many machines at once, too many requests, a day that is not its best."""
    return [
        _retry(_BUSY, config, most=config.quota_attempts, rate=1.5),
        _retry(_UNWELL, config, most=3, rate=2),
    ]


def _retry(errors: list[str], config: PlateRunsConfig, *, most: int, rate: float) -> State:
    waits = {"IntervalSeconds": config.retry_seconds, "BackoffRate": rate, "MaxDelaySeconds": 900}
    return {"ErrorEquals": errors, "MaxAttempts": most, **waits, "JitterStrategy": "FULL"}


def _call(function: str, payload: State, config: PlateRunsConfig, *, again: list[str]) -> State:
    return {
        "Type": "Task",
        "Resource": _INVOKE,
        "Parameters": {"FunctionName": function, "Payload": payload},
        "TimeoutSeconds": config.function_timeout_seconds + 30,
        "Retry": [{"ErrorEquals": again, "IntervalSeconds": 1, "MaxAttempts": 4, "BackoffRate": 2}],
    }


def _choice(rule: State, *, then: str, otherwise: str) -> State:
    return {"Type": "Choice", "Choices": [{**rule, "Next": then}], "Default": otherwise}
