"""The one instance of a job, as far as every kind of job has it: role, image, log, the program until it ends."""

import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from local import identity
from local.jobs.layout import Layout
from local.jobs.names import Names
from local.jobs.objects import ChannelFailed, Objects
from local.jobs.outcome import LONGEST_REASON, LOST, OUT_OF_TIME, STOPPED, Outcome, ended, exited
from local.models import Record
from local.programs import Program
from local.requests import SERVICE
from local.run import Run
from local.seams import access, account
from local.surroundings import Surroundings
from local.task_log import TaskLog

STOP_SECONDS = 120.0


class NotStarted(Exception):
    """A job whose program could not be started, in SageMaker's words."""


class Tell(Protocol):
    """Told of what changes in a job's description while it works."""

    def __call__(self, **changes: Any) -> None: ...


class Instance(ABC):
    """One job at work, on the thread that calls `work`; it may be ended from any other."""

    names: ClassVar[Names]

    def __init__(self, detail: Record, *, layout: Layout, here: Surroundings, held: int, tell: Tell) -> None:
        self._detail, self._layout, self._here, self._held, self._tell = detail, layout, here, held, tell
        self._name, self._role = detail[self.names.of("JobName")], detail["RoleArn"]
        self._run = Run()

    def work(self) -> Outcome:
        """Do the whole job."""
        try:
            return self._work()
        except (NotStarted, ChannelFailed) as error:
            account.log.warning("%s failed: %s", self._name, error)
            return Outcome(status="Failed", reason=str(error)[:LONGEST_REASON], message=self._layout.message())

    def stop(self) -> None:
        """Ask the program to stop; kill it when two minutes are over."""
        self._run.end(STOPPED, final=True)

    def expire(self) -> None:
        """Let the job reach its time limit now."""
        self._run.end(OUT_OF_TIME, final=True)

    def lose(self) -> None:
        """End the program as the loss of its host does."""
        self._run.kill(LOST)

    def release(self) -> None:
        """Let go of the program because the engine ends."""
        self._run.release(LOST)

    @abstractmethod
    def _work(self) -> Outcome:
        """The job from its inputs to its outputs."""

    @property
    @abstractmethod
    def _isolated(self) -> bool:
        """Whether the program has no network."""

    @abstractmethod
    def _failure(self) -> str:
        """What is known of the failure of a program that ended by itself."""

    def _check_role(self, image: str) -> None:
        if not access.trusts(self._role, SERVICE):
            raise NotStarted(f"ClientError: SageMaker is unable to assume the role {self._role}.")
        if not self._here.platform.may_pull(self._role, image):
            raise NotStarted(f"ClientError: Access denied for the image {image}: {self._role} may not pull it.")

    def _objects(self, kms_key: str | None) -> Objects:
        return Objects(self._client("s3"), role=self._role, kms_key=kms_key)

    def _follow(self, program: Program, environment: dict[str, str]) -> Outcome:
        """Run the program to its end."""
        log = self._open_log()
        given = {**self._identity(), **environment}
        if not self._run.start(program, environment=given, stop_seconds=STOP_SECONDS, held=self._held):
            return self._outcome(None)
        self._tell(**{self.names.of("StartTime"): time.time()})
        limit = float(self._detail["StoppingCondition"]["MaxRuntimeInSeconds"])
        return self._outcome(self._run.watch(log, seconds=limit, out_of_time=OUT_OF_TIME))

    def _identity(self) -> dict[str, str]:
        """The program's own access to AWS, unless the network is cut off."""
        if self._isolated:
            return {}
        return {"AWS_EC2_METADATA_DISABLED": "true", **identity.variables(self._role, "SageMaker", url=self._here.url)}

    def _client(self, service: str) -> Any:
        return identity.client(service, role=self._role, name="SageMaker", url=self._here.url)

    def _open_log(self) -> TaskLog:
        """The log of the program; a role that may not write one does not keep a job from running."""
        stream = f"{self._name}/algo-1-{int(time.time())}"
        file = self._here.home / "logs" / f"{self._name}.log"
        log = TaskLog(self._client("logs"), group=self.names.log_group, stream=stream, file=file)
        try:
            log.open(create_group=True)
        except (BotoCoreError, ClientError) as error:
            account.log.warning("no lines of %s reach CloudWatch Logs: %s", stream, error)
            log.keep_here()
        return log

    def _outcome(self, code: int | None) -> Outcome:
        message, ending = self._layout.message(), self._run.ending
        if ending or code is None:
            return ended(ending.why if ending else LOST, message)
        return exited(code, message, text=self._failure())
