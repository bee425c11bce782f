"""Parameters of a pipeline, and their values in one execution."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.models import InvalidRecord, Record
from local.pipelines.expressions import BadDefinition

_TRUTHS = {"true": True, "false": False}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (float, int),
    "Boolean": (bool,),
}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter; without a default, each execution must give it."""

    name: str
    kind: str
    default: Any = None
    values: tuple[Any, ...] = ()

    def typed(self, text: str) -> Any:
        """The value that a text means."""
        try:
            value = _typed(self.kind, text)
        except (KeyError, ValueError):
            raise InvalidRecord(
                f"The parameter {self.name} is of the type {self.kind}, which {text!r} is not."
            ) from None
        if self.values and value not in self.values:
            raise InvalidRecord(f"The parameter {self.name} must be one of {list(self.values)}, not {text!r}.")
        return value


def declared(record: Record) -> Parameter:
    """A parameter as a definition declares it."""
    kind, name = str(record.get("Type")), record.get("Name")
    if (
        not isinstance(name, str)
        or kind not in _TYPES
        or record.keys() - {"Name", "Type", "DefaultValue", "EnumValues"}
    ):
        raise BadDefinition(f"The laptop does not know parameters like {record}.")
    default, values = record.get("DefaultValue"), tuple(record.get("EnumValues", ()))
    for value in (*values, *(() if default is None else (default,))):
        if not isinstance(value, _TYPES[kind]) or (kind != "Boolean" and isinstance(value, bool)):
            raise BadDefinition(f"{value!r} is not of the type {kind} of the parameter {name}.")
    if values and default is not None and default not in values:
        raise BadDefinition(f"The default {default!r} of the parameter {name} is none of its values.")
    return Parameter(name=name, kind=kind, default=default, values=values)


def values(parameters: Mapping[str, Parameter], asked: Iterable[Record]) -> dict[str, Any]:
    """The value of every parameter in an execution that is asked for with some of them."""
    given = {one["Name"]: one["Value"] for one in asked}
    if unknown := sorted(given.keys() - parameters.keys()):
        raise InvalidRecord(f"The pipeline has no parameter {', '.join(unknown)}.")
    missing = [one.name for one in parameters.values() if one.default is None and one.name not in given]
    if missing:
        raise InvalidRecord(f"The parameter {', '.join(missing)} has no default and must be given.")
    return {name: one.typed(given[name]) if name in given else one.default for name, one in parameters.items()}


def _typed(kind: str, text: str) -> Any:
    if kind == "Boolean":
        return _TRUTHS[text.lower()]
    if kind == "Integer":
        return int(text)
    if kind == "Float":
        number = float(text)
        if not math.isfinite(number):
            raise ValueError(text)
        return number
    return text
