"""Retry policies of a step in, whether and when a failure is tried again out."""

from typing import Any

from local.models import Record

FAULT, THROTTLING = "Step.SERVICE_FAULT", "Step.THROTTLING"
INTERNAL, CAPACITY, LIMIT = "SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"
ERRORS = (FAULT, THROTTLING, INTERNAL, CAPACITY, LIMIT)
FIELDS = {"ExceptionType", "IntervalSeconds", "BackoffRate", "MaxAttempts", "ExpireAfterMin"}
_THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}


class Retries:
    """What is left of the policies of one step that began at a time."""

    def __init__(self, policies: list[Record], *, began: float) -> None:
        self._policies, self._began = policies, began
        self._made = [0 for _ in policies]

    def pause(self, error: str, *, now: float) -> float | None:
        """The seconds to wait before the next attempt, or None when there is none."""
        for number, policy in enumerate(self._policies):
            if error in _errors(policy):
                return self._next(number, policy, now)
        return None

    def _next(self, number: int, policy: Record, now: float) -> float | None:
        made = self._made[number]
        pause: float = policy.get("IntervalSeconds", 1) * policy.get("BackoffRate", 2.0) ** made
        late = now + pause > self._began + policy.get("ExpireAfterMin", float("inf")) * 60
        if made >= policy.get("MaxAttempts", float("inf")) or late:
            return None
        self._made[number] += 1
        return pause


def why_not(policy: Any) -> str:
    """Why a policy is none; nothing when it is one."""
    if not isinstance(policy, dict) or policy.keys() - FIELDS:
        return f"{policy} is no retry policy"
    if not policy.get("ExceptionType") or not _errors(policy) <= set(ERRORS):
        return f"ExceptionType must be some of {', '.join(ERRORS)}, not {policy.get('ExceptionType')}"
    if "MaxAttempts" not in policy and "ExpireAfterMin" not in policy:
        return "a retry policy needs MaxAttempts or ExpireAfterMin"
    return ""


def of_call(code: str, status: int) -> str:
    """What retry policies call a refused call."""
    if code in _THROTTLED:
        return THROTTLING
    if code == "ResourceLimitExceeded":
        return LIMIT
    return FAULT if status >= 500 else ""


def of_job(reason: str) -> str:
    """What retry policies call a failed job."""
    kinds = {"InternalServerError": INTERNAL, "CapacityError": CAPACITY, "ResourceLimitExceeded": LIMIT}
    return next((kind for word, kind in kinds.items() if reason.startswith(word)), "")


def _errors(policy: Record) -> set[str]:
    given = policy["ExceptionType"]
    return {given} if isinstance(given, str) else set(given)
