"""Faults injected at the AWS boundary: an action that fails, a publish that is dropped or doubled, a job that ends."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from local.seams import account, deliveries, routing

Effect = Literal["fail", "drop", "double", "reclaim", "expire", "kill"]
_JOBS = ("sagemaker:StopProcessingJob", "sagemaker:StopTrainingJob")
PLACES = {
    "drop": ("sns:Publish",),
    "double": ("sns:Publish",),
    "reclaim": ("ecs:StopTask",),
    "expire": ("ecs:StopTask", *_JOBS),
    "kill": _JOBS,
}
AT_ONCE = ("reclaim", "expire", "kill")


class UnknownFault(ValueError):
    """A fault that cannot be injected; the text says why."""


@dataclass(kw_only=True)
class Fault:
    """What happens to the next `times` calls of an action, or at once to `times` running jobs.

    `reclaim` takes Spot tasks back, `expire` lets tasks and SageMaker's jobs reach their time limit, `kill` takes
    the hosts of SageMaker's jobs away; `job` is an id or a name, or any.
    """

    action: str
    times: int
    job: str = ""
    effect: Effect = "fail"
    error: str = "ThrottlingException"
    status: int = 429

    def __post_init__(self) -> None:
        places = PLACES.get(self.effect, (self.action,))
        if self.action not in places:
            raise UnknownFault(f"{self.effect} works on {' and '.join(places)} only, not on {self.action}")


class Faults:
    """The faults that still wait for their calls."""

    def __init__(self) -> None:
        self.strikes: dict[str, Callable[[Fault], None]] = {}
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def install(self) -> None:
        """Stand before every service, and between a topic and its subscriptions."""
        routing.wrap_services(self._before)
        deliveries.wrap_fanout(self._deliver)

    def add(self, fault: Fault) -> None:
        """Let a fault happen to the next calls of its action, or to jobs that run now."""
        if fault.effect in AT_ONCE:
            self.strikes[fault.action](fault)
            return
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Forget the faults that have not happened."""
        with self._lock:
            self._waiting.clear()

    def _take(self, action: str, *effects: Effect) -> Fault | None:
        with self._lock:
            for fault in self._waiting:
                if fault.action == action and fault.effect in effects and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def _before(self, name: str, serve: account.Service) -> account.Service:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> account.Answer:
            if self._waiting:
                action = routing.action_of(name, routing.Call(method, path, headers, body, query))
                if fault := self._take(action, "fail"):
                    return routing.failure(name, action, fault.error, fault.status, headers)
            return await serve(method, path, headers, body, query)

        return handle

    def _deliver(self, fan_out: Callable[[], None]) -> None:
        fault = self._take("sns:Publish", "drop", "double")
        for _ in range({None: 1, "drop": 0, "double": 2}[fault.effect if fault else None]):
            fan_out()
