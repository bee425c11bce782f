"""Expressions of a pipeline's definition: what they refer to, and their values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.models import InvalidRecord, Record
from local.pipelines.paths import BadPath, follow

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
_FIELDS = {JOIN: {"On", "Values"}, JSON_GET: {"PropertyFile", "Path"}}


class BadDefinition(InvalidRecord):
    """A definition that SageMaker, or the laptop, does not run; the text names the step."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Unable to parse pipeline definition. {why}")


class Unresolved(Exception):
    """An expression without a value; the text says why."""


def function_of(value: Any) -> str | None:
    """The function that a value calls, if it is an expression."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    [(name, given)] = value.items()
    if name == GET and isinstance(given, str):
        return GET
    if not name.startswith("Std:"):
        return None
    if name not in _FIELDS or not isinstance(given, dict) or given.keys() != _FIELDS[name]:
        raise BadDefinition(f"The laptop does not know the function {name} with {given}.")
    return str(name)


def references(value: Any) -> Iterator[str]:
    """Every path that an expression anywhere in a value gets."""
    if function_of(value) == GET:
        yield value[GET]
    elif isinstance(value, dict):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def text(value: Any) -> str:
    """A value as a part of a text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise Unresolved(f"{value!r} cannot be a part of a text.")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What expressions may refer to in one step of one execution.

    `properties` answers what a step has made, `read` the content of one of its property files.
    """

    parameters: Mapping[str, Any]
    execution: Mapping[str, str]
    properties: Callable[[str], Any]
    read: Callable[[str, str], Any]

    def value(self, value: Any) -> Any:
        """A value with every expression in it evaluated."""
        function = function_of(value)
        if function == GET:
            return self._got(value[GET])
        if function == JOIN:
            return self._joined(value[JOIN])
        if function == JSON_GET:
            return self._read(value[JSON_GET])
        if isinstance(value, dict):
            return {name: self.value(item) for name, item in value.items()}
        return [self.value(item) for item in value] if isinstance(value, list) else value

    def _got(self, path: str) -> Any:
        root, _, rest = path.partition(".")
        if root == "Parameters":
            return self.parameters[rest]
        if root == "Execution":
            return self.execution[rest]
        step, _, place = rest.partition(".")
        return _found(self.properties(step), place, path)

    def _joined(self, given: Record) -> str:
        values = self.value(given["Values"])
        if not isinstance(values, list):
            raise Unresolved(f"{JOIN} joins a list, not {values!r}.")
        return str(given["On"]).join(map(text, values))

    def _read(self, given: Record) -> Any:
        path = given["PropertyFile"][GET]
        _, step, _, name = path.split(".")
        return _found(self.read(step, name), self.value(given["Path"]), f"{path} at {given['Path']}")


def _found(content: Any, place: str, path: str) -> Any:
    try:
        return follow(content, place)
    except BadPath as error:
        raise Unresolved(f"{path}: {error}") from error
