"""How an attempt ended in, whether Batch tries again out."""

import re
from dataclasses import dataclass
from typing import Any

from local.batch.requests import Refused

_PATTERN = re.compile(r"[A-Za-z0-9.:\s]{0,511}\*?")
_DIGITS = re.compile(r"\d{0,511}\*?")
_CONDITIONS = {"onStatusReason": _PATTERN, "onReason": _PATTERN, "onExitCode": _DIGITS}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an attempt ended; a `final` one was stopped by a user or by its time limit and is never retried."""

    status_reason: str
    reason: str | None = None
    exit_code: int | None = None
    final: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether Batch counts it as a success: the exit code decides, even of a program that was asked to stop."""
        return self.exit_code == 0 and not self.final


def again(strategy: dict[str, Any], ended: Ended, *, attempts: int) -> bool:
    """Whether a job that has failed in so many attempts gets another."""
    if ended.final or attempts >= int(strategy.get("attempts", 1)):
        return False
    for rule in strategy.get("evaluateOnExit", []):
        if _applies(rule, ended):
            return bool(rule["action"].upper() == "RETRY")
    return True


def check(strategy: dict[str, Any]) -> None:
    """Refuse a strategy that Batch would refuse."""
    rules = strategy.get("evaluateOnExit", [])
    if not 1 <= int(strategy.get("attempts", 1)) <= 10:
        raise Refused("retryStrategy: attempts must be between 1 and 10.")
    if rules and "attempts" not in strategy:
        raise Refused("retryStrategy: attempts must be given with evaluateOnExit.")
    if len(rules) > 5:
        raise Refused("retryStrategy: evaluateOnExit takes 5 entries at most.")
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: dict[str, str]) -> None:
    if rule["action"].upper() not in {"RETRY", "EXIT"}:
        raise Refused(f"evaluateOnExit: action must be RETRY or EXIT, not {rule['action']}.")
    stated = rule.keys() & _CONDITIONS.keys()
    if not stated:
        raise Refused("evaluateOnExit: an entry needs onStatusReason, onReason or onExitCode.")
    for name in stated:
        if not _CONDITIONS[name].fullmatch(rule[name]):
            raise Refused(f"evaluateOnExit: {name} contains restricted characters: {rule[name]}")


def _applies(rule: dict[str, str], ended: Ended) -> bool:
    facts = {
        "onStatusReason": ended.status_reason,
        "onReason": ended.reason or "",
        "onExitCode": None if ended.exit_code is None else str(ended.exit_code),
    }
    return all(_matches(rule[name], fact) for name, fact in facts.items() if name in rule)


def _matches(pattern: str, fact: str | None) -> bool:
    if fact is None:
        return False
    return fact.startswith(pattern[:-1]) if pattern.endswith("*") else fact == pattern
