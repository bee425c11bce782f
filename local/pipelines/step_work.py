"""One step at work, on the thread that calls `work`: from its arguments to what it has made."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from local.models import Record
from local.pipelines import cache, maker, retries
from local.pipelines.conditions import hold
from local.pipelines.definition import Step
from local.pipelines.execution import Execution
from local.pipelines.expressions import Scope, Unresolved, text
from local.pipelines.kinds import CONDITION, FAIL, MAKERS, Maker
from local.pipelines.maker import Caller, Made, Refused
from local.seams import account

Wait = Callable[[str, str], None]
Earlier = Callable[[Step, str], tuple[str, Made] | None]
Tell = Callable[..., None]


class Frozen(BaseException):
    """Ends a step's thread because the engine ends: the end of its job is not what it seems."""


class Stopped(Exception):
    """A step that was stopped."""


class Ended(NamedTuple):
    """How a step ended."""

    status: str
    reason: str = ""
    properties: Record | None = None


class StepWork:
    """A step; `tell` keeps what changes in its record, `wait` returns when a job has ended."""

    def __init__(
        self,
        step: Step,
        execution: Execution,
        scope: Scope,
        sagemaker: Any,
        *,
        wait: Wait,
        earlier: Earlier,
        tell: Tell,
    ) -> None:
        self._step, self._execution, self._scope, self._sagemaker = step, execution, scope, sagemaker
        self._wait, self._earlier, self._tell = wait, earlier, tell
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self._stop_job: Callable[[], None] | None = None

    def work(self) -> Ended:
        """Do the whole step."""
        try:
            if self._step.kind == CONDITION:
                return self._decide()
            return self._fail() if self._step.kind == FAIL else self._make(MAKERS[self._step.kind])
        except Stopped:
            return Ended("Stopped")
        except Unresolved as error:
            return Ended("Failed", f"ClientError: {error}")
        except Refused as error:
            return Ended("Stopped" if self._stopping.is_set() else "Failed", str(error))

    def stop(self) -> None:
        """Let the step make nothing more, and stop its job."""
        self._stopping.set()
        self._end_job()

    def abandon(self) -> None:
        """Let the step make nothing more, whatever becomes of its job."""
        self._stopping.set()

    def _decide(self) -> Ended:
        holds = hold(self._step.arguments["Conditions"], self._scope.value)
        self._tell(Metadata={"Condition": {"Outcome": str(holds)}})
        return Ended("Succeeded", properties={"Outcome": text(holds)})

    def _fail(self) -> Ended:
        message = text(self._scope.value(self._step.arguments.get("ErrorMessage", "")))
        self._tell(Metadata={"Fail": {"ErrorMessage": message}})
        return Ended("Failed", message)

    def _make(self, kind: Maker) -> Ended:
        if self._step.fresh_seconds is not None and (made := self._remembered(kind)):
            return Ended("Succeeded", properties=made.properties)
        return Ended("Succeeded", properties=self._tried(kind).properties)

    def _remembered(self, kind: Maker) -> Made | None:
        """What an earlier execution made of the same arguments."""
        signature = cache.signature(self._step.kind, self._arguments(kind, ""))
        self._tell(signature=signature)
        found = self._earlier(self._step, signature)
        if found is None:
            return None
        execution, made = found
        source = {"SourcePipelineExecutionArn": execution}
        self._tell(CacheHitResult=source, Metadata={kind.metadata: {"Arn": made.arn}})
        return made

    def _tried(self, kind: Maker) -> Made:
        """Make it, as often as the retry policies want."""
        left = retries.Retries(self._step.retries, began=time.time())
        for attempt in count(1):
            self._tell(AttemptCount=attempt)
            try:
                return self._made(kind)
            except Refused as error:
                pause = left.pause(error.error, now=time.time())
                if pause is None or self._stopping.is_set():
                    raise
                account.log.warning("%s is tried again in %s s: %s", self._step.name, pause, error)
                if self._stopping.wait(pause):
                    raise Stopped from error
        raise AssertionError("a count has no end")

    def _made(self, kind: Maker) -> Made:
        caller, generated = Caller(self._sagemaker, kind), self._execution.arn
        if kind.named:
            name = maker.fresh_name(self._execution.id, self._step.name)
            arguments = self._arguments(kind, name)
            tags = [*arguments.get("Tags", []), {"Key": maker.EXECUTION_TAG, "Value": generated}]
            return self._made_job(kind, caller, {**arguments, kind.name: name, "Tags": tags})
        arguments = self._arguments(kind, "")
        properties = {**arguments.get("MetadataProperties", {}), "GeneratedBy": generated}
        once = {"ClientToken": maker.token(self._execution.id, self._step.name)}
        arn = caller.create({**once, **arguments, "MetadataProperties": properties})
        self._tell(Metadata={kind.metadata: {"Arn": arn}})
        return Made(arn, caller.describe(arn))

    def _made_job(self, kind: Maker, caller: Caller, arguments: Record) -> Made:
        if self._stopping.is_set():
            raise Stopped
        arn = caller.create(arguments)
        self._tell(Metadata={kind.metadata: {"Arn": arn}})
        with self._lock:
            self._stop_job = partial(caller.stop, arguments[kind.name])
        if self._stopping.is_set():
            self._end_job()
        self._wait(kind.made, arguments[kind.name])
        described = caller.describe(arn)
        if self._stopping.is_set() and described[f"{kind.made}Status"] != "Completed":
            raise Stopped
        return Made(arn, maker.ended_well(kind, described))

    def _arguments(self, kind: Maker, name: str) -> Record:
        """The step's arguments, for a job of this name."""
        scope = replace(self._scope, execution={**self._scope.execution, f"{kind.made}Name": name})
        arguments: Record = scope.value(self._step.arguments)
        return arguments

    def _end_job(self) -> None:
        """Ask the step's job to stop; one that has ended meanwhile, or that the role may not stop, is left alone."""
        with self._lock:
            stop = self._stop_job
        try:
            if stop:
                stop()
        except Refused as error:
            account.log.warning("the job of the stopped step %s is not stopped: %s", self._step.name, error)
