"""What AWS itself does with a role, checked where ministack does not ask: polling queues, writing logs, pulling."""

import time
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import lambda_svc

from local.seams.account import ACCOUNT, REGION, OnDenied, arn

REPEAT_SECONDS = 60.0
POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
PULLING = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")


class Platform:
    """Checks of the roles that functions and models run as; the same denial is told once a minute."""

    def __init__(self, on_denied: OnDenied) -> None:
        self._on_denied = on_denied
        self._told: dict[tuple[str, str, str], float] = {}

    def install(self) -> None:
        """Let functions poll queues and write logs only as far as their roles allow."""
        self._check_polling()
        self._check_logging()

    def may(self, role: str, action: str, resource: str) -> bool:
        """Whether a role's policies allow an action; tells of it when they do not."""
        name = role.rpartition("/")[2]
        context = iam_evaluator.EvalContext(
            principal_arn=role,
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=resource,
            region=REGION,
        )
        policies = iam_evaluator._gather_role_policies(name, ACCOUNT)
        if iam_evaluator.evaluate(context, policies).decision == "Allow":
            return True
        self._tell(role, action, resource)
        return False

    def may_pull(self, role: str, image: str) -> bool:
        """Whether a role may pull an image, from this account's registry or from AWS's own."""
        registry, _, name = image.partition("/")
        account = registry.partition(".")[0]
        repository = f"arn:aws:ecr:{REGION}:{account}:repository/{name.partition(':')[0]}"
        allowed = [self.may(role, action, repository) for action in PULLING]
        return self.may(role, "ecr:GetAuthorizationToken", "*") and all(allowed)

    def _tell(self, role: str, action: str, resource: str) -> None:
        what, now = (role, action, resource), time.monotonic()
        if now - self._told.get(what, -REPEAT_SECONDS) >= REPEAT_SECONDS:
            self._told[what] = now
            message = f"{role} may not {action} on {resource}: no policy allows it"
            self._on_denied(principal=role, action=action, resource=resource, message=message)

    def _check_polling(self) -> None:
        limit = lambda_svc._sqs_esm_concurrency

        def limited(mapping: dict[str, Any], record: dict[str, Any], config: dict[str, Any], *rest: Any) -> int:
            queue = mapping["EventSourceArn"]
            allowed = all(self.may(config["Role"], action, queue) for action in POLLING)
            batches: int = limit(mapping, record, config, *rest) if allowed else 0
            return batches

        lambda_svc._sqs_esm_concurrency = limited

    def _check_logging(self) -> None:
        emit = lambda_svc._emit_lambda_logs

        def emitted(function: dict[str, Any], *rest: Any, **named: Any) -> None:
            config = function.get("config") or function
            group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
            stream = arn("logs", f"log-group:{group}:log-stream:any")
            if self.may(config["Role"], "logs:PutLogEvents", stream):
                emit(function, *rest, **named)

        lambda_svc._emit_lambda_logs = emitted
