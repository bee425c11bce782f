"""One attempt of a job: roles, image, secrets and log as Fargate prepares them, then the program until it ends."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import identity
from local.batch import secret_values
from local.batch.retries import Ended
from local.batch.tasks import DEFAULT_GROUP, Task
from local.programs import UnknownImage
from local.run import Run
from local.seams import access, account
from local.surroundings import Surroundings
from local.task_log import TaskLog

WEIGH_SECONDS = 0.25
EXITED = "Essential container in task exited"
NOT_STARTED = "Task failed to start"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
OUT_OF_TIME = "Job attempt duration exceeded timeout"


class NotStarted(Exception):
    """A task whose container could not be started; the text is Fargate's reason."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one attempt runs, under which names, and for how long."""

    task: Task
    task_id: str
    log_name: str
    log_stream: str
    variables: dict[str, str]
    seconds: float | None
    held: int


class Attempt:
    """One attempt, which runs on the thread that calls `run`, and may be ended from any other."""

    def __init__(self, plan: Plan, here: Surroundings) -> None:
        self._plan, self._here = plan, here
        self._run = Run()
        self._out_of_memory = False

    def run(self, on_running: Callable[[], None]) -> Ended:
        """Start the task and stay with it until all of it has ended."""
        try:
            log, variables = self._prepare()
            if not self._start(variables):
                return self._ended(None)
        except NotStarted as error:
            return Ended(status_reason=NOT_STARTED, reason=str(error))
        on_running()
        return self._ended(self._watch(log))

    def end(self, status_reason: str, *, final: bool) -> None:
        """Ask the program to stop and kill it when its time to stop is over; say why the attempt ends."""
        self._run.end(status_reason, final=final)

    def release(self, status_reason: str) -> None:
        """Let go of the program because the engine ends."""
        self._run.release(status_reason)

    def _prepare(self) -> tuple[TaskLog, dict[str, str]]:
        task = self._plan.task
        for role in filter(None, (task.execution_role, task.job_role)):
            if not access.trusts(role, "ecs-tasks.amazonaws.com"):
                raise NotStarted(f"ECS was unable to assume the role '{role}' that was provided for this task.")
        if not self._here.platform.may_pull(task.execution_role, task.image):
            raise NotStarted(f"CannotPullContainerError: {task.execution_role} may not pull {task.image}")
        return self._open_log(), {**self._identity(), **task.environment, **self._secrets(), **self._plan.variables}

    def _identity(self) -> dict[str, str]:
        role, off = self._plan.task.job_role, {"AWS_EC2_METADATA_DISABLED": "true"}
        if role:
            return {**off, **identity.variables(role, self._plan.task_id, url=self._here.url)}
        return {**off, **identity.place(self._here.url)}

    def _secrets(self) -> dict[str, str]:
        task = self._plan.task
        if not task.secrets:
            return {}
        try:
            return secret_values.read(task.secrets, self._client, may_decrypt=self._may_decrypt)
        except secret_values.NoSecret as error:
            raise NotStarted(
                f"ResourceInitializationError: unable to pull secrets or registry auth: {error}"
            ) from error

    def _client(self, service: str) -> Any:
        """A client as the execution role, which is Fargate's own in the account."""
        return identity.client(service, role=self._plan.task.execution_role, name="Batch", url=self._here.url)

    def _may_decrypt(self, key: str) -> bool:
        return self._here.platform.may(self._plan.task.execution_role, "kms:Decrypt", key)

    def _open_log(self) -> TaskLog:
        options = self._plan.task.log_options
        group = options.get("awslogs-group", DEFAULT_GROUP)
        file = self._here.home / "logs" / f"{self._plan.log_name}.log"
        log = TaskLog(self._client("logs"), group=group, stream=self._plan.log_stream, file=file)
        create = options.get("awslogs-create-group", str(group == DEFAULT_GROUP)).lower() == "true"
        try:
            log.open(create_group=create)
        except (BotoCoreError, ClientError) as error:
            reason = f"ResourceInitializationError: failed to validate logger args: {error}"
            raise NotStarted(reason) from error
        return log

    def _start(self, variables: dict[str, str]) -> bool:
        """Start the program, unless the attempt has been ended already."""
        task = self._plan.task
        try:
            program = self._here.programs.program(task.image, task.command)
        except UnknownImage as error:
            raise NotStarted(f"CannotPullContainerError: {error}") from error
        stop_seconds, held = task.stop_seconds, self._plan.held
        return self._run.start(program, environment=variables, stop_seconds=stop_seconds, held=held)

    def _watch(self, log: TaskLog) -> int:
        done = threading.Event()
        threading.Thread(target=self._weigh, args=(done,), daemon=True).start()
        code = self._run.watch(log, seconds=self._plan.seconds, out_of_time=OUT_OF_TIME)
        done.set()
        return code

    def _weigh(self, done: threading.Event) -> None:
        """Nothing tells when memory is used up, so this looks."""
        while not done.wait(WEIGH_SECONDS):
            if self._run.memory_mib() > self._plan.task.memory_mib:
                account.log.warning("task %s uses more memory than it has; it is killed", self._plan.task_id)
                self._out_of_memory = True
                self._run.kill(EXITED)
                return

    def _ended(self, code: int | None) -> Ended:
        status_reason, final = self._run.ending or (EXITED, False)
        reason = OUT_OF_MEMORY if self._out_of_memory else None
        return Ended(status_reason=status_reason, reason=reason, exit_code=code, final=final)
