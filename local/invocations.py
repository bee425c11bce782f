"""Asynchronous function invocations from S3, SNS, EventBridge and Invoke(Event): one bounded queue with retries."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.seams import access, functions

WORKERS = 4
FIRST_RETRY_SECONDS = 1.0


class Invocations:
    """The queue. ministack starts a thread, and so a function process, per event: a burst would take the machine."""

    def __init__(self) -> None:
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="async-invocation")

    def install(self) -> None:
        """Take all asynchronous invocations."""
        functions.replace_async_invocation(self.add)

    def add(self, function: functions.Function, event: Any) -> None:
        """Invoke a function soon, and again after a failure as its configuration says."""
        self._workers.submit(self._attempt, function, event, 0, time.monotonic())

    def _attempt(self, function: functions.Function, event: Any, attempt: int, since: float) -> None:
        with access.own_account():
            outcome = function.invoke(event)
            if not outcome.get("error"):
                return
            delay = FIRST_RETRY_SECONDS * 2**attempt
            late = time.monotonic() - since + delay > function.maximum_age_seconds
            if attempt >= function.maximum_retries or late:
                function.give_up(event, outcome)
                return
        again = threading.Timer(delay, self._workers.submit, (self._attempt, function, event, attempt + 1, since))
        again.daemon = True
        again.start()
