"""The one instance of a processing job: role, image, inputs, then the program until it ends, then outputs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import identity
from local.models import Record
from local.processing.channels import ChannelFailed, Channels
from local.processing.layout import Layout
from local.programs import Program, UnknownImage
from local.run import Run
from local.seams import access, account
from local.surroundings import Surroundings
from local.task_log import TaskLog

GROUP = "/aws/sagemaker/ProcessingJobs"
STOP_SECONDS = 120.0
STOPPED = "stopped"
OUT_OF_TIME = "out of time"
LOST = "lost"
LONGEST_REASON = 1024


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended."""

    status: str
    reason: str = ""
    message: str = ""


class NotStarted(Exception):
    """A job whose program could not be started, in SageMaker's words."""


class Instance:
    """One job at work, on the thread that calls `work`; it may be ended from any other."""

    def __init__(self, detail: Record, *, layout: Layout, here: Surroundings, held: int) -> None:
        self._detail, self._layout, self._here, self._held = detail, layout, here, held
        self._name, self._role = detail["ProcessingJobName"], detail["RoleArn"]
        self._run = Run()

    def work(self, on_started: Callable[[], None]) -> Outcome:
        """Do the whole job."""
        try:
            return self._work(on_started)
        except (NotStarted, ChannelFailed) as error:
            account.log.warning("processing job %s failed: %s", self._name, error)
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

    def _work(self, on_started: Callable[[], None]) -> Outcome:
        program = self._program()
        self._layout.prepare(self._detail)
        channels = Channels(self._detail, layout=self._layout, s3=self._client("s3"))
        channels.bring()
        log, environment = self._open_log(), self._environment()
        if not self._run.start(program, environment=environment, stop_seconds=STOP_SECONDS, held=self._held):
            return self._outcome(None)
        on_started()
        limit = float(self._detail["StoppingCondition"]["MaxRuntimeInSeconds"])
        outcome = self._outcome(self._run.watch(log, seconds=limit, out_of_time=OUT_OF_TIME))
        if outcome.status == "Completed":
            channels.take()
        return outcome

    def _program(self) -> Program:
        application = self._detail["AppSpecification"]
        image = application["ImageUri"]
        if not access.trusts(self._role, "sagemaker.amazonaws.com"):
            raise NotStarted(f"ClientError: SageMaker is unable to assume the role {self._role}.")
        if not self._here.platform.may_pull(self._role, image):
            raise NotStarted(f"ClientError: Access denied for the image {image}: {self._role} may not pull it.")
        words = (application.get(name, []) for name in ("ContainerArguments", "ContainerEntrypoint"))
        arguments, entrypoint = (tuple(self._layout.moved(given)) for given in words)
        try:
            return self._here.programs.program(image, arguments, entrypoint=entrypoint)
        except UnknownImage as error:
            raise NotStarted(f"ClientError: {error}") from error

    def _environment(self) -> dict[str, str]:
        """The program's own access to AWS, unless the network is cut off, and what the job gives it."""
        given: dict[str, str] = self._layout.moved(self._detail.get("Environment", {}))
        if self._detail.get("NetworkConfig", {}).get("EnableNetworkIsolation"):
            return given
        own = identity.variables(self._role, "SageMaker", url=self._here.url)
        return {"AWS_EC2_METADATA_DISABLED": "true", **own, **given}

    def _client(self, service: str) -> Any:
        return identity.client(service, role=self._role, name="SageMaker", url=self._here.url)

    def _open_log(self) -> TaskLog:
        """The log of the program; a role that may not write one does not keep a job from running."""
        stream = f"{self._name}/algo-1-{int(time.time())}"
        file = self._here.home / "logs" / f"{self._name}.log"
        log = TaskLog(self._client("logs"), group=GROUP, stream=stream, file=file)
        try:
            log.open(create_group=True)
        except (BotoCoreError, ClientError) as error:
            account.log.warning("no lines of %s reach CloudWatch Logs: %s", stream, error)
            log.keep_here()
        return log

    def _outcome(self, code: int | None) -> Outcome:
        message, ending = self._layout.message(), self._run.ending
        if ending:
            return ended_by(ending.why, message)
        if code == 0:
            return Outcome(status="Completed", message=message)
        reason = f"AlgorithmError: {message}"[: LONGEST_REASON - 20] + f", exit code: {code}"
        return Outcome(status="Failed", reason=reason, message=message)


def ended_by(why: str, message: str) -> Outcome:
    """The outcome of a job that did not end by itself."""
    if why == LOST:
        reason = "InternalServerError: We encountered an internal error. Please try again."
        return Outcome(status="Failed", reason=reason, message=message)
    reason = "" if why == STOPPED else "ClientError: The job ran longer than its MaxRuntimeInSeconds."
    return Outcome(status="Stopped", reason=reason, message=message)
