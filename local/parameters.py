"""Requests in, what the SDK's own model of a service says against them out."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator


@cache
def model(service: str) -> ServiceModel:
    """A service as SDKs describe it."""
    return botocore.session.get_session().get_service_model(service)


def shape_of(service: str, operation: str) -> StructureShape:
    """What an operation takes."""
    shape = model(service).operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def report(service: str, operation: str, ask: dict[str, Any]) -> str:
    """What is missing, unknown or of the wrong type; nothing when all is well."""
    return misfits(shape_of(service, operation), ask)


def broken(service: str, operation: str, ask: dict[str, Any]) -> list[str]:
    """The constraints that well-formed parameters break: lengths, ranges, patterns and lists of values."""
    return list(_broken(shape_of(service, operation), ask, ""))


def misfits(shape: Shape, content: Any) -> str:
    """What of a content is missing, unknown or of the wrong type; nothing when all is well."""
    found = ParamValidator().validate(content, shape)
    return str(found.generate_report()) if found.has_errors() else ""


def part(items: list[Any], *, start: int, size: int) -> tuple[list[Any], str | None]:
    """The part of a list that a request asks for, and where the next one starts."""
    return items[start : start + size], str(start + size) if start + size < len(items) else None


def _broken(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if wrong := broken_rule(shape, value):
        yield f"Value at '{path}' failed to satisfy constraint: {wrong}"
    for name, inner, item in _inside(shape, value):
        yield from _broken(inner, item, f"{path}.{name}" if path else name)


def _inside(shape: Shape, value: Any) -> Iterator[tuple[str, Shape, Any]]:
    if isinstance(shape, StructureShape):
        yield from ((name, shape.members[name], item) for name, item in value.items())
    elif isinstance(shape, ListShape):
        yield from ((str(number), shape.member, item) for number, item in enumerate(value, 1))
    elif isinstance(shape, MapShape):
        yield from (("key", shape.key, name) for name in value)
        yield from ((name, shape.value, item) for name, item in value.items())


def broken_rule(shape: Shape, value: Any) -> str:
    """The constraint that one value breaks by itself; nothing when all is well."""
    rules = shape.metadata
    if "enum" in rules and value not in rules["enum"]:
        return f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]"
    size, what = (value, "value") if isinstance(value, int | float) else (len(value), "length")
    if size < rules.get("min", size) or size > rules.get("max", size):
        return f"Member must have {what} between {rules.get('min', 0)} and {rules['max']}"
    if "pattern" in rules and not _matches(rules["pattern"], value):
        return f"Member must satisfy regular expression pattern: {rules['pattern']}"
    return ""


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True  # Java's classes of characters, such as those of tags, are unknown to Python
