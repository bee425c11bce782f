"""Functions: their asynchronous invocations, their output, their processes."""

import json
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import eventbridge, lambda_svc, sns

from local.seams.account import log


def watch_function_output(watch: Callable[[str, str], None]) -> None:
    """Call `watch(function, output)` after every invocation that wrote something."""
    emit = lambda_svc._emit_lambda_logs

    def emitted(function: dict[str, Any], request: str, output: str, *rest: Any, **named: Any) -> None:
        emit(function, request, output, *rest, **named)
        if output:
            watch((function.get("config") or function)["FunctionName"], output)

    lambda_svc._emit_lambda_logs = emitted


class Function:
    """A function as the asynchronous queue sees it."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._record = record
        self._config = record.get("config") or record
        configs = record.get("event_invoke_configs") or {}
        self._invoke_config = record.get("event_invoke_config") or configs.get("$LATEST") or {}
        retries = self._invoke_config.get("MaximumRetryAttempts")
        self.maximum_retries = 2 if retries is None else int(retries)
        self.maximum_age_seconds = int(self._invoke_config.get("MaximumEventAgeInSeconds") or 21_600)

    def invoke(self, event: Any) -> dict[str, Any]:
        """Run the function once; the result has `error` when it failed."""
        result: dict[str, Any] = lambda_svc._execute_function(self._record, event)
        return result

    def give_up(self, event: Any, outcome: dict[str, Any]) -> None:
        """Send an event whose attempts are used up to the function's failure destination."""
        name = self._config["FunctionName"]
        on_failure = (self._invoke_config.get("DestinationConfig") or {}).get("OnFailure") or {}
        target = on_failure.get("Destination") or (self._config.get("DeadLetterConfig") or {}).get("TargetArn")
        if target:
            lambda_svc._route_async_failure(target, name, event, outcome)
        else:
            log.error("function %s failed for good on an event and has no failure destination", name)


def replace_async_invocation(add: Callable[[Function, Any], None]) -> None:
    """Send every asynchronous invocation, wherever it comes from, to `add`."""

    def from_eventbridge(function_arn: str, payload: str) -> None:
        _add_by_arn(add, function_arn, json.loads(payload))

    def from_sns(function_arn: str, envelope: str, _topic: str, subscription: str, *_: Any) -> None:
        record = {"EventVersion": "1.0", "EventSubscriptionArn": subscription, "EventSource": "aws:sns"}
        _add_by_arn(add, function_arn, {"Records": [{**record, "Sns": json.loads(envelope)}]})

    lambda_svc.invoke_async_with_retry = lambda record, event: add(Function(record), event)
    eventbridge._dispatch_to_lambda = from_eventbridge
    sns._deliver_to_lambda = from_sns


def _add_by_arn(add: Callable[[Function, Any], None], function_arn: str, event: Any) -> None:
    function, config, name = lambda_svc._get_func_record_for_ref(function_arn)
    if function and config:
        add(Function(lambda_svc._execution_record_for_config(function, config)), event)
    else:
        log.warning("there is no function %s for an event", name)


def stop_functions() -> None:
    """End the processes of all functions."""
    lambda_runtime.reset()
