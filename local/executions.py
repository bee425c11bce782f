"""Step Functions: tasks act as the role of their state machine, processing jobs are tasks, stopping stops them."""

import json
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, ParamValidationError

from local import identity
from local.jobs.jobs import Jobs
from local.models import Record
from local.seams import access, account, executions
from local.seams.executions import Abandoned, Task, task_failure
from local.surroundings import Surroundings
from local.workers import Workers

PROCESSING = "arn:aws:states:::sagemaker:createProcessingJob"
MANAGED = {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}
RULE = "rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule"
PRINCIPALS = ("states.amazonaws.com", f"states.{account.REGION}.amazonaws.com")
RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
_MODELLED = ("ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound")


class Use(NamedTuple):
    """What a task does: which action on what its parameters name, and how its refusal is called."""

    action: str
    parameter: str
    refusal: str
    kind: str = ""


USES = {
    "lambda:invoke": Use("lambda:InvokeFunction", "FunctionName", "Lambda.AWSLambdaException", "function:"),
    "sns:publish": Use("sns:Publish", "TopicArn", "SNS.AuthorizationErrorException"),
    "sqs:sendMessage": Use("sqs:SendMessage", "QueueUrl", "SQS.AmazonSQSException"),
    "states:startExecution": Use("states:StartExecution", "StateMachineArn", "StepFunctions.AWSStepFunctionsException"),
    **{
        f"dynamodb:{verb}Item": Use(
            f"dynamodb:{verb.title()}Item", "TableName", "DynamoDB.AmazonDynamoDBException", "table/"
        )
        for verb in ("get", "put", "update", "delete")
    },
}


class Executions:
    """What the engine adds to Step Functions."""

    def __init__(self, here: Surroundings, jobs: Jobs, *, on_change: Callable[[], None]) -> None:
        self._here, self._jobs, self._on_change = here, jobs, on_change
        self._workers = Workers("executions")
        self._lock = threading.Lock()
        self._waited_for: set[tuple[Task, str]] = set()
        self._frozen = threading.Event()

    def install(self) -> None:
        """Stand before every task, and serve those of processing jobs."""
        executions.keep_history()
        executions.before_tasks(self._check)
        executions.add_task(PROCESSING, self._process)
        executions.check_machines(self._check_machine)
        executions.watch_executions(
            on_change=self._on_change, on_stop=lambda execution: self._workers.start(self._stop_jobs, execution)
        )

    def freeze(self) -> None:
        """Let no execution go on, because the engine ends: none may take the end of its jobs for their failure."""
        self._frozen.set()

    def _check(self, task: Task, resource: str, parameters: Any) -> None:
        """Let a task happen only while its execution runs, and as far as its role allows."""
        self._go_on(task)
        if (use := _use(resource)) is None:
            return
        name = str(parameters.get(use.parameter, "")) if resource.startswith(executions.INTEGRATION) else resource
        about = name if name.startswith("arn:") else _arn(use, name)
        if not self._here.platform.may(task.role, use.action, about):
            raise task_failure(
                use.refusal,
                f"User: {task.role} is not authorized to perform: {use.action} on resource: {about} "
                f"because no identity-based policy allows the {use.action} action",
            )

    def _go_on(self, task: Task) -> None:
        if self._frozen.is_set():
            threading.Event().wait()
        if not task.goes_on:
            raise Abandoned

    def _process(self, task: Task, pattern: str, parameters: Record) -> Record:
        """Create a processing job as the role and, with `.sync`, wait for its end."""
        sagemaker = self._sagemaker(task.role)
        try:
            if not pattern.endswith(".sync"):
                return _plain(sagemaker.create_processing_job(**parameters))
            tags = [*parameters.get("Tags", []), MANAGED]
            sagemaker.create_processing_job(**{**parameters, "Tags": tags})
            self._wait(task, parameters["ProcessingJobName"])
            job = _plain(sagemaker.describe_processing_job(ProcessingJobName=parameters["ProcessingJobName"]))
        except ParamValidationError as error:
            raise task_failure(
                "States.Runtime", f"The parameters could not be used to start the task: {error}"
            ) from error
        except ClientError as error:
            raise task_failure(*_told(error)) from error
        if job["ProcessingJobStatus"] != "Completed":
            raise task_failure("States.TaskFailed", json.dumps(job))
        return job

    def _wait(self, task: Task, name: str) -> None:
        with self._lock:
            self._waited_for.add((task, name))
        try:
            if not task.goes_on:
                self._stop_job(name, task.role)
            if not self._jobs.wait(name, seconds=task.seconds):
                self._stop_job(name, task.role)
                raise task_failure("States.Timeout", f"The job {name} ran longer than {task.seconds} seconds.")
        finally:
            with self._lock:
                self._waited_for.discard((task, name))
        self._go_on(task)

    def _stop_jobs(self, execution: str) -> None:
        with self._lock:
            jobs = [(name, task.role) for task, name in self._waited_for if task.execution == execution]
        for name, role in jobs:
            self._stop_job(name, role)

    def _stop_job(self, name: str, role: str) -> None:
        """Stop a job as the role; one that has ended meanwhile, or that the role may not stop, is left alone."""
        try:
            self._sagemaker(role).stop_processing_job(ProcessingJobName=name)
        except ClientError as error:
            account.log.warning("the job %s of a stopped task is not stopped: %s", name, error)

    def _sagemaker(self, role: str) -> Any:
        return identity.client("sagemaker", role=role, name="StepFunctions", url=self._here.url)

    def _check_machine(self, role: str, definition: str) -> None:
        """Refuse a role that Step Functions may not assume or that lacks what AWS asks for when a machine is made."""
        if not any(access.trusts(role, principal) for principal in PRINCIPALS):
            raise ValueError(
                "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to "
                f"assume the provided role {role}."
            )
        rule = account.arn("events", RULE)
        if f"{PROCESSING}.sync" in definition:
            missing = [action for action in RULE_ACTIONS if not self._here.platform.may(role, action, rule)]
            if missing:
                raise ValueError(
                    f"'{role}' is not authorized to create managed-rule: it lacks {', '.join(missing)} on {rule}."
                )


def _use(resource: str) -> Use | None:
    if resource.startswith("arn:aws:lambda:"):
        return USES["lambda:invoke"]
    service, _, verb = resource.removeprefix(executions.INTEGRATION).partition(":")
    return USES.get(f"{service}:{verb.partition('.')[0]}")


def _plain(answer: Record) -> Record:
    """An SDK's answer as a task's result: without its metadata, with times in milliseconds."""
    content = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    told: Record = json.loads(json.dumps(content, default=lambda moment: int(moment.timestamp() * 1000)))
    return told


def _arn(use: Use, name: str) -> str:
    """The ARN of what parameters name shortly: a function, a table, a queue by its URL."""
    return account.arn(use.action.partition(":")[0], f"{use.kind}{name.rpartition('/')[2]}")


def _told(error: ClientError) -> tuple[str, str]:
    """A refused call as an error's name and cause."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    name = f"{code}Exception" if code in _MODELLED else "AmazonSageMakerException"
    return f"SageMaker.{name}", f"{message} (Service: AmazonSageMaker; Status Code: 400; Error Code: {code})"
