"""Every private name of ministack that the engine leans on, typed once; a contract test holds each."""

import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, NamedTuple

from ministack import app as gateway
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, persistence, responses, router
from ministack.services import dynamodb, eventbridge, iam, lambda_svc, s3, sns, sqs
from ministack.services.cloudformation import provisioners, stacks

ACCOUNT = "000000000000"
REGION = "us-east-1"

Properties = dict[str, Any]
Created = tuple[str, dict[str, str]]
Create = Callable[[str, Properties, str], Created]
Delete = Callable[[str, Properties], None]
Answer = tuple[int, dict[str, str], bytes]
Service = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]

log = logging.getLogger("loupe.engine")


class Call(NamedTuple):
    """One request to a service."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, Any]


class Refusal(NamedTuple):
    """Who was refused, and why."""

    principal: str
    why: str


def arn(service: str, resource: str) -> str:
    """The ARN of one of this laptop's own resources."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def add_service(name: str, *, target_prefix: str, scope: str, service: Service) -> None:
    """Route requests of an AWS service that ministack lacks to `service`."""
    router.SERVICE_PATTERNS[name] = {"target_prefixes": [target_prefix], "credential_scope": scope}
    gateway.SERVICE_HANDLERS[name] = service


def wrap_services(wrap: Callable[[str, Service], Service]) -> None:
    """Put `wrap` around every service that the engine has by now."""
    for name, service in gateway.SERVICE_HANDLERS.items():
        gateway.SERVICE_HANDLERS[name] = wrap(name, service)


def action_of(service: str, call: Call) -> str:
    """The IAM action of a request, such as `s3:PutObject`."""
    if service == "sagemaker":
        return "sagemaker:InvokeEndpointAsync" if call.path.endswith("/async-invocations") else "sagemaker:Other"
    return str(iam_actions.extract_iam_action(service, *call[:-1], gateway._routing_params(*call)))


def failure(service: str, action: str, code: str, status: int, headers: dict[str, str]) -> Answer:
    """An error answer in a service's own protocol."""
    answer: Answer = iam_actions.access_denied_response(
        service, action, "", "", error_code=code, message=f"{code} for {action}, injected", headers=headers
    )
    return status, answer[1], answer[2]


def wrap_fanout(wrap: Callable[[Callable[[], None]], None]) -> None:
    """Let `wrap` decide how often a published message goes to its subscriptions."""
    fan_out = sns._fanout
    sns._fanout = lambda *arguments, **named: wrap(lambda: fan_out(*arguments, **named))


def add_resource_type(type_name: str, *, create: Create, delete: Delete, waits: bool = False) -> None:
    """Let CloudFormation make a type that ministack lacks; a change creates it anew and then deletes the old id.

    A type that `waits` is made on a thread of its own, so that the engine goes on answering meanwhile.
    """
    provisioners._RESOURCE_HANDLERS[type_name] = {"create": create, "delete": delete}
    if waits:
        blocks = stacks._runs_on_worker_thread
        stacks._runs_on_worker_thread = lambda name: name == type_name or blocks(name)


def before_resource(type_name: str, change: Callable[[Properties], Properties]) -> None:
    """Change the properties of a type before ministack reads them."""
    handler = provisioners._RESOURCE_HANDLERS[type_name]
    create, update = handler["create"], handler["update"]
    handler["create"] = lambda logical_id, properties, stack: create(logical_id, change(properties), stack)
    handler["update"] = lambda physical_id, old, new, *rest: update(physical_id, change(old), change(new), *rest)


def after_resource(type_name: str, apply: Callable[[str, Properties], None]) -> None:
    """Apply the properties that ministack ignores, once the resource exists or has changed."""
    handler = provisioners._RESOURCE_HANDLERS[type_name]
    for verb, position in (("create", 1), ("update", 2)):
        if verb in handler:
            handler[verb] = _then(handler[verb], position, apply)


def _then(
    make: Callable[..., Created], position: int, apply: Callable[[str, Properties], None]
) -> Callable[..., Created]:
    def made(*arguments: Any) -> Created:
        created = make(*arguments)
        apply(created[0], arguments[position])
        return created

    return made


def configure_bucket(bucket: str, kind: str, body: bytes) -> None:
    """Apply one configuration of a bucket, given as the body of its S3 request."""
    _accepted(f"bucket {kind}", getattr(s3, f"_put_bucket_{kind}")(bucket, body))


def configure_table(verb: str, ask: Properties) -> None:
    """Apply one configuration of a table, given as its DynamoDB request."""
    _accepted("table configuration", getattr(dynamodb, verb)(ask))


def complete_function(name: str, properties: Properties) -> None:
    """Apply a function's dead-letter queue and reserved concurrency."""
    function = lambda_svc._functions[name]
    if "DeadLetterConfig" in properties:
        function["config"]["DeadLetterConfig"] = properties["DeadLetterConfig"]
    if "ReservedConcurrentExecutions" in properties:
        function["concurrency"] = int(properties["ReservedConcurrentExecutions"])


def _accepted(what: str, answer: Answer) -> None:
    status, _, body = answer
    if status >= 300:
        raise ValueError(f"{what}: {body!r}")


def resource_types() -> set[str]:
    """The CloudFormation types that this engine can run."""
    return set(provisioners._RESOURCE_HANDLERS)


def denied(service: str, action: str, resource: str, headers: dict[str, str], query: dict[str, Any]) -> Answer | None:
    """The refusal that the caller's policies lead to, or None when they allow the action."""
    answer: Answer | None = gateway._enforce_data_plane(service, action, headers, query, "", resource_arn=resource)
    return answer


def role_credentials(role: str, session: str) -> dict[str, str]:
    """Credentials of a role session, as the variables that an AWS SDK reads."""
    function = {"Role": role, "FunctionArn": arn("lambda", f"function:{session}"), "FunctionName": session}
    credentials: dict[str, str] = lambda_runtime.execution_credentials(function)
    return credentials


def trusts(role: str, service: str) -> bool:
    """Whether a role exists and its trust policy lets an AWS service assume it."""
    found = iam._roles.get(role.rpartition("/")[2])
    document = found["AssumeRolePolicyDocument"] if found else {}
    trust = json.loads(document) if isinstance(document, str) else document
    statements = trust.get("Statement", [])
    return any(
        statement["Effect"] == "Allow" and iam_evaluator._service_principal_matches(statement.get("Principal"), service)
        for statement in (statements if isinstance(statements, list) else [statements])
    )


@contextlib.contextmanager
def own_account() -> Iterator[None]:
    """Work in the laptop's account and region, from a thread that serves no request."""
    with responses.request_scope(ACCOUNT, REGION):
        yield


def watch_enforcement(watch: Callable[[str, str, Any], None]) -> None:
    """Call `watch(action, resource, outcome)` after every access decision; None means allowed."""
    decide = iam_evaluator.enforce

    def enforce(key: str, action: str, *where: str, resource_arn: str = "*", **context: Any) -> Any:
        outcome = decide(key, action, *where, resource_arn=resource_arn, **context)
        watch(action, resource_arn, outcome)
        return outcome

    iam_evaluator.enforce = enforce


def is_policy_denial(outcome: object) -> bool:
    """Whether a decision says that policies refuse, rather than that the credentials are bad."""
    return isinstance(outcome, iam_evaluator.EvalResult)


def refusal(outcome: Any) -> Refusal:
    """Who was refused by a policy denial, and which kind of statement did it."""
    explicit = outcome.decision == "Deny"
    if explicit and outcome.resource_policy_arn:
        return Refusal(outcome.principal_arn, "an explicit deny in the resource's policy")
    return Refusal(outcome.principal_arn, "an explicit deny" if explicit else "no policy allows it")


def trust_loopback() -> None:
    """Count plain HTTP as `aws:SecureTransport`: nothing here leaves the machine, and TLS-only policies then hold."""
    pin = iam_evaluator.pin_request_origin

    def pinned(source_ip: str, _secure: bool) -> None:
        pin(source_ip, True)

    gateway.pin_request_origin = iam_evaluator.pin_request_origin = pinned


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


def save_state(*, attempts: int = 3) -> None:
    """Write every service's state; a state that changes while it is copied is copied again."""
    for service, state_of in gateway._build_persistence_save_dict().items():
        for _ in range(attempts):
            try:
                state = state_of()
            except RuntimeError:
                time.sleep(0.01)
                continue
            if state is not None:
                persistence.save_state(service, state)
            break


def stop_functions() -> None:
    """End the processes of all functions."""
    lambda_runtime.reset()


async def application(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application of the AWS services."""
    await gateway.app(scope, receive, send)


__all__ = [
    "eventbridge",
    "iam_actions",
    "iam_evaluator",
    "lambda_svc",
    "s3",
    "sns",
    "sqs",
]
