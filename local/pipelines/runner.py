"""One execution at work: its steps, each on a thread of its own, as soon as what they need is there."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from local.models import Record
from local.pipelines import order
from local.pipelines.definition import Definition, Step
from local.pipelines.execution import Execution, told_step
from local.pipelines.step_work import Ended, Frozen, StepWork
from local.seams import account

Work = Callable[[Step, Execution, Callable[..., None]], StepWork]
Changed = Callable[[Record], None]


class Runner:
    """An execution that runs; `work` makes the work of a step, `changed` is told of each change of a step."""

    def __init__(
        self,
        execution: Execution,
        definition: Definition,
        *,
        lock: threading.RLock,
        work: Work,
        start: Callable[..., None],
        changed: Changed,
    ) -> None:
        self._execution, self._definition = execution, definition
        self._work, self._start, self._changed = work, start, changed
        self._condition = threading.Condition(lock)
        self._running: dict[str, StepWork] = {}
        self._stopping = self._frozen = False

    def run(self) -> str:
        """Run every step that there is to run; answer how the execution ends, or nothing if the engine does."""
        with self._condition:
            while not self._frozen:
                self._begin()
                if not self._running:
                    return self._outcome()
                self._condition.wait()
        return ""

    def stop(self) -> None:
        """Begin nothing more, and stop what runs."""
        with self._condition:
            self._stopping = True
            running = dict(self._running)
            for name in running:
                self._move(name, "Stopping")
        for work in running.values():
            work.stop()

    def freeze(self) -> None:
        """Change nothing more, because the engine ends."""
        with self._condition:
            self._frozen = True
            for work in self._running.values():
                work.abandon()
            self._condition.notify_all()

    def _begin(self) -> None:
        room = self._execution.most - len(self._running)
        found = order.ready(self._definition, self._execution.states, self._execution.properties)
        for step in [] if self._stopping else found[:room]:
            self._execution.steps[step.name] = {"StepName": step.name, "StartTime": time.time(), **step.display}
            self._move(step.name, "Executing")
            self._running[step.name] = self._work(step, self._execution, partial(self._tell, step.name))
            self._start(self._do, step)

    def _do(self, step: Step) -> None:
        try:
            ended = self._running[step.name].work()
        except Frozen:
            return
        except Exception as error:
            account.log.exception("the step %s broke the engine's worker", step.name)
            ended = Ended("Failed", f"InternalServerError: {error}")
        with self._condition:
            if self._frozen:
                return
            if ended.properties is not None:
                self._execution.properties[step.name] = ended.properties
            reason = {"FailureReason": ended.reason[:1024]} if ended.status == "Failed" and ended.reason else {}
            self._move(step.name, ended.status, EndTime=time.time(), **reason)
            del self._running[step.name]
            self._condition.notify_all()

    def _tell(self, name: str, **changes: Any) -> None:
        """Keep what changes in a step's record while it works."""
        with self._condition:
            if signature := changes.pop("signature", None):
                self._execution.signatures[name] = signature
            self._execution.steps[name].update(changes)
            self._changed({})

    def _move(self, name: str, status: str, **changes: Any) -> None:
        step = self._execution.steps[name]
        before = step.get("StepStatus", "")
        step.update(changes, StepStatus=status)
        self._changed(told_step(self._execution, step, self._definition.steps[name].kind, before))

    def _outcome(self) -> str:
        if self._stopping:
            return "Stopped"
        return "Failed" if "Failed" in self._execution.states.values() else "Succeeded"
