"""Where requests go: services added, wrapped and reached, and their answers."""

from collections.abc import Callable, MutableMapping
from typing import Any, NamedTuple

from ministack import app as gateway
from ministack.core import iam_actions, router

from local.seams.account import Answer, Service


class Call(NamedTuple):
    """One request to a service."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, Any]


def add_service(name: str, *, target_prefix: str, scope: str, service: Service) -> None:
    """Route requests of an AWS service that ministack lacks to `service`."""
    router.SERVICE_PATTERNS[name] = {"target_prefixes": [target_prefix], "credential_scope": scope}
    gateway.SERVICE_HANDLERS[name] = service


def replace_service(name: str, service: Service) -> None:
    """Serve an AWS service that ministack only pretends; `service` decides itself who may do what."""
    iam_actions.SERVICE_TO_IAM_NAMESPACE.pop(name)
    gateway.SERVICE_HANDLERS[name] = service


def wrap_services(wrap: Callable[[str, Service], Service]) -> None:
    """Put `wrap` around every service that the engine has by now."""
    for name, service in gateway.SERVICE_HANDLERS.items():
        gateway.SERVICE_HANDLERS[name] = wrap(name, service)


def action_of(service: str, call: Call) -> str:
    """The IAM action of a request, such as `s3:PutObject`."""
    if service == "sagemaker":
        asynchronous = call.path.endswith("/async-invocations")
        operation = call.headers.get("x-amz-target", "").rpartition(".")[2]
        return f"sagemaker:{'InvokeEndpointAsync' if asynchronous else operation}"
    if service == "batch":
        return f"batch:{iam_actions._match_rest_action(service, call.method, call.path, call.query)}"
    return str(iam_actions.extract_iam_action(service, *call[:-1], gateway._routing_params(*call)))


def failure(service: str, action: str, code: str, status: int, headers: dict[str, str]) -> Answer:
    """An error answer in a service's own protocol."""
    answer: Answer = iam_actions.access_denied_response(
        service, action, "", "", error_code=code, message=f"{code} for {action}, injected", headers=headers
    )
    return status, answer[1], answer[2]


async def application(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application of the AWS services."""
    await gateway.app(scope, receive, send)
