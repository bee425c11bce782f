"""Who may do what: decisions, role credentials, trust."""

import contextlib
import contextvars
import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ministack import app as gateway
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, responses
from ministack.services import iam, s3, secretsmanager

from local.seams.account import ACCOUNT, REGION, Answer, arn

_ON_LOG_STREAMS = {"CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"}


class Refusal(NamedTuple):
    """Who was refused, and why."""

    principal: str
    why: str


def denied(
    service: str,
    action: str,
    resource: str,
    headers: dict[str, str],
    query: dict[str, Any],
    *,
    context: dict[str, str] | None = None,
) -> Answer | None:
    """The refusal that the caller's policies lead to, or None when they allow the action."""
    answer: Answer | None = gateway._enforce_data_plane(
        service, action, headers, query, "", resource_arn=resource, service_context=context
    )
    return answer


def role_credentials(role: str, session: str) -> dict[str, str]:
    """Credentials of a role session, as the variables that an AWS SDK reads."""
    function = {"Role": role, "FunctionArn": arn("lambda", f"function:{session}"), "FunctionName": session}
    credentials: dict[str, str] = lambda_runtime.execution_credentials(function)
    return credentials


def key_of_secret(arn_or_name: str) -> str:
    """The KMS key that a secret names, if it names one."""
    _, secret = secretsmanager._resolve(arn_or_name)
    return str((secret or {}).get("KmsKeyId") or "")


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
    """Work in the laptop's account and region from a thread that serves no request."""
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
    """Count plain HTTP as `aws:SecureTransport`: nothing here leaves the machine, and TLS-only policies then hold.

    So does what no request asked for: schedules that fire, and all that follows from them.
    """
    iam_evaluator._request_origin = contextvars.ContextVar("origin", default=("127.0.0.1", True))
    pin = iam_evaluator.pin_request_origin

    def pinned(source_ip: str, _secure: bool) -> None:
        pin(source_ip, True)

    gateway.pin_request_origin = iam_evaluator.pin_request_origin = pinned


def name_resources() -> None:
    """Let a refusal name its resource, as AWS's do, where the engine's own sentence leaves it out."""
    answer_of = iam_actions.access_denied_response
    asked = contextvars.ContextVar("asked", default="*")
    watch_enforcement(lambda _action, resource, _outcome: _remember(asked, resource))

    def answer(service: str, action: str, principal: str, *rest: Any, **told: Any) -> Any:
        if not (told.get("message") or told.get("error_code") or told.get("resource_policy_arn")):
            explicit = told.get("explicit_deny", False)
            told["message"] = iam_actions.identity_denial_message(action, principal, asked.get(), explicit)
        return answer_of(service, action, principal, *rest, **told)

    iam_actions.access_denied_response = answer


def _remember(place: contextvars.ContextVar[str], value: str) -> None:
    place.set(value)


def know_conditional_writes() -> None:
    """Give policies the condition keys of conditional writes, which tell an overwrite from a first write."""
    context_of = iam_actions.s3_service_context

    def context(action: str, query: Any, path: str = "", headers: Any = None) -> dict[str, Any]:
        known: dict[str, Any] = context_of(action, query, path, headers)
        if action != "s3:PutObject":
            return known
        parts = "uploads" in (query or {}) or "partNumber" in (query or {})
        conditions = {name: headers[name] for name in ("if-none-match", "if-match") if name in (headers or {})}
        asked = {f"s3:{name}": value for name, value in conditions.items()}
        return {**known, **asked, "s3:ObjectCreationOperation": str(not parts).lower()}

    iam_actions.s3_service_context = context


def know_roles_of_sessions() -> None:
    """Let `aws:PrincipalArn` be the role that a session is of; the engine says the session."""
    resolve = iam_evaluator._resolve_condition_key

    def resolved(key: str, context: Any) -> Any:
        found = resolve(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(found):
            return found
        role = iam._roles.get(str(found).split("/")[1])
        return role["Arn"] if role else found

    iam_evaluator._resolve_condition_key = resolved


def match_line_breaks() -> None:
    """Let a wildcard of a policy stand for any characters of a key, as it does in AWS; the engine's ends at a line."""
    compiled = iam_evaluator._fnmatch_compile

    @functools.cache
    def whole(pattern: str, ignore_case: bool) -> re.Pattern[str]:
        found = compiled(pattern, ignore_case)
        return re.compile(found.pattern, found.flags | re.DOTALL)

    iam_evaluator._fnmatch_compile = whole


def know_log_streams() -> None:
    """Ask for the log stream where AWS does; the engine asks for its group, which a policy on `<group>:*` is not."""
    resource_of = iam_actions.extract_resource_arn

    def resource(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:
        found = str(resource_of(service, method, path, headers, body, *rest))
        action = headers.get("x-amz-target", "").rpartition(".")[2] if service == "logs" else ""
        if action not in _ON_LOG_STREAMS:
            return found
        return f"{found}:log-stream:{iam_actions._safe_json_field(body, 'logStreamName')}"

    iam_actions.extract_resource_arn = resource


def require_keys() -> None:
    """Ask for the bucket's KMS key too when an object of an encrypted bucket is read or written."""
    checks = iam_actions.s3_additional_checks

    def checked(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> list[tuple[str, str]]:
        needed: list[tuple[str, str]] = checks(method, path, headers, body, query)
        bucket, _, key = path.lstrip("/").partition("/")
        if key and method in {"GET", "PUT", "POST"}:
            needed += _key_use(str(iam_actions._s3_action(method, path, query)), bucket)
        for action, source in [*needed]:
            if action.startswith("s3:GetObject"):
                needed += _key_use("GetObject", source.removeprefix("arn:aws:s3:::").partition("/")[0])
        return needed

    iam_actions.s3_additional_checks = checked


def _key_use(action: str, bucket: str) -> list[tuple[str, str]]:
    verbs = {"GetObject": "Decrypt", "GetObjectVersion": "Decrypt", "PutObject": "GenerateDataKey"}
    key = s3._bucket_default_sse_headers(bucket).get("x-amz-server-side-encryption-aws-kms-key-id", "")
    return [(f"kms:{verbs[action]}", key)] if action in verbs and key.startswith("arn:") else []
