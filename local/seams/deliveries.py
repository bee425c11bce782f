"""Between services: topics to subscriptions, objects to events."""

import json
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.services import apigateway, eventbridge, lambda_svc, s3, sns, sqs

from local.seams.access import trusts
from local.seams.account import ACCOUNT, REGION, Answer, OnDenied, arn

Allowed = Callable[[str, str, str, str], bool]
May = Callable[[str, str, str], bool]


def wrap_fanout(wrap: Callable[[Callable[[], None]], None]) -> None:
    """Let `wrap` decide how often a published message goes to its subscriptions."""
    fan_out = sns._fanout
    sns._fanout = lambda *arguments, **named: wrap(lambda: fan_out(*arguments, **named))


def name_object_versions() -> None:
    """Give S3's EventBridge events the `version-id` that AWS sends and ministack leaves out."""
    version: ContextVar[str | None] = ContextVar("version", default=None)
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fired(*arguments: Any, version_id: str | None = None, **named: Any) -> None:
        version.set(version_id)
        fire(*arguments, version_id=version_id, **named)
        version.set(None)

    def dispatched(event: dict[str, Any], *rest: Any, **named: Any) -> Any:
        if event.get("Source") == "aws.s3" and version.get():
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version.get()
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *rest, **named)

    s3._fire_s3_event, eventbridge._dispatch_event = fired, dispatched


def send_event(source: str, kind: str, detail: dict[str, Any], about: list[str]) -> None:
    """Send an event of an AWS service to the rules of the default bus."""
    eventbridge._dispatch_event(
        {
            "EventId": str(uuid.uuid4()),
            "Source": source,
            "DetailType": kind,
            "Detail": json.dumps(detail),
            "EventBusName": "default",
            "Time": time.time(),
            "Resources": about,
            "Account": ACCOUNT,
            "Region": REGION,
        }
    )


def check_policies(on_denied: OnDenied, may: May) -> None:
    """Let a delivery happen only if the policy of its queue or function, or else its role, allows it, as AWS does."""

    def allowed(action: str, resource: str, service: str, source: str) -> bool:
        check = _queue_allows if action == "sqs:SendMessage" else _function_allows
        if check(resource, service, source):
            return True
        message = f"{service} may not {action} on {resource} for {source}: the resource's policy does not allow it"
        on_denied(principal=service, action=action, resource=resource, message=message)
        return False

    def acting(action: str, resource: str, service: str, role: str) -> bool:
        if trusts(role, service):
            return may(role, action, resource)
        message = f"{service} may not {action} on {resource}: it may not assume the role {role or '(none)'}"
        on_denied(principal=service, action=action, resource=resource, message=message)
        return False

    _check_topics(allowed)
    _check_targets(allowed, acting)
    _check_routes(allowed)


def _check_topics(allowed: Allowed) -> None:
    deliver = sns._deliver_to_sqs

    def delivered(endpoint: str, *message: Any, topic_arn: str = "", **named: Any) -> None:
        if allowed("sqs:SendMessage", endpoint, "sns.amazonaws.com", topic_arn):
            deliver(endpoint, *message, topic_arn=topic_arn, **named)

    sns._deliver_to_sqs = delivered


def _check_targets(allowed: Allowed, acting: Allowed) -> None:
    """Rules reach queues and functions by their policies, topics as their role if they name one.

    Schedules, and what starts executions, always act as roles.
    """
    invoke = eventbridge._invoke_target
    actions = {
        "sqs": "sqs:SendMessage",
        "lambda": "lambda:InvokeFunction",
        "sns": "sns:Publish",
        "states": "states:StartExecution",
    }

    def reaches(target: dict[str, Any], source: str) -> bool:
        service, scheduled = target["Arn"].split(":")[2], source.startswith("arn:aws:scheduler:")
        if service not in actions:
            return True
        if scheduled or service == "states" or (service == "sns" and "RoleArn" in target):
            principal = f"{'scheduler' if scheduled else 'events'}.amazonaws.com"
            return acting(actions[service], target["Arn"], principal, target.get("RoleArn", ""))
        return service == "sns" or allowed(actions[service], target["Arn"], "events.amazonaws.com", source)

    def invoked(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
        if reaches(target, rule["Arn"]):
            invoke(target, event, rule, view)

    eventbridge._invoke_target = invoked


def _check_routes(allowed: Allowed) -> None:
    invoke = apigateway._invoke_lambda_proxy

    async def invoked(integration: dict[str, Any], api: str, stage: str, *call: Any, **named: Any) -> Answer:
        _path, _method, _headers, _body, _query, route_key, *_ = call
        function = apigateway._extract_lambda_ref_from_integration_uri(integration["integrationUri"])
        source = arn("execute-api", f"{api}/{stage}/" + route_key.replace(" /", "/"))
        if not allowed("lambda:InvokeFunction", function, "apigateway.amazonaws.com", source):
            return 500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}'
        answer: Answer = await invoke(integration, api, stage, *call, **named)
        return answer

    apigateway._invoke_lambda_proxy = invoked


def _queue_allows(queue: str, service: str, source: str) -> bool:
    return bool(sqs.queue_policy_allows(queue, service, source, ACCOUNT))


def _function_allows(function: str, service: str, source: str) -> bool:
    found = lambda_svc.function_policy_for_arn(function)
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function,
        region=REGION,
        service_context={"aws:sourcearn": source, "aws:sourceaccount": ACCOUNT},
    )
    return found is not None and evaluate_resource_policy(found[0], context, service=service).decision == "Allow"
