"""Conditions of a step, over values, in; whether they hold out."""

import operator
from collections.abc import Callable
from typing import Any

from local.models import Record
from local.pipelines.expressions import Unresolved

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "NotEquals": operator.ne,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
FIELDS = {
    **{name: {"Type", "LeftValue", "RightValue"} for name in COMPARISONS},
    "In": {"Type", "Value", "In"},
    "NotIn": {"Type", "Value", "In"},
    "Or": {"Type", "Conditions"},
    "Not": {"Type", "Condition"},
}


def hold(conditions: list[Record], value: Callable[[Any], Any]) -> bool:
    """Whether all conditions hold, their expressions evaluated by `value`."""
    return all(_holds(one, value) for one in conditions)


def _holds(condition: Record, value: Callable[[Any], Any]) -> bool:
    kind = condition["Type"]
    if kind == "Not":
        return not _holds(condition["Condition"], value)
    if kind == "Or":
        return any(_holds(one, value) for one in condition["Conditions"])
    if kind in {"In", "NotIn"}:
        wanted = value(condition["Value"])
        found = any(_compared("Equals", wanted, one) for one in value(condition["In"]))
        return found is (kind == "In")
    return _compared(kind, value(condition["LeftValue"]), value(condition["RightValue"]))


def _compared(kind: str, left: Any, right: Any) -> bool:
    """Numbers are compared with numbers and texts with texts; there is no order of truths."""
    sorts = {_sort(left), _sort(right)}
    if len(sorts) > 1 or (sorts == {"truth"} and not kind.endswith("quals")):
        raise Unresolved(f"{left!r} and {right!r} cannot be compared by {kind}.")
    return COMPARISONS[kind](left, right)


def _sort(value: Any) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    raise Unresolved(f"{value!r} is neither a number nor a text nor true or false.")
