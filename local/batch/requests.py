"""Requests and template properties in, parameters that the Batch API knows out."""

from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local import parameters

Record = dict[str, Any]

# What templates say to CloudFormation itself, not to Batch.
_FOR_CLOUDFORMATION = {"ReplaceComputeEnvironment", "UpdatePolicy", "UpdateToLatestImageVersion"}


class Refused(ValueError):
    """A Batch request or template property that cannot be honoured; the text says which and why."""


@cache
def operations() -> dict[str, str]:
    """Request path → operation."""
    batch = parameters.model("batch")
    return {batch.operation_model(name).http["requestUri"]: name for name in batch.operation_names}


def checked(operation: str, ask: Record) -> Record:
    """The parameters of a request, if Batch takes them."""
    if report := parameters.report("batch", operation, ask):
        raise Refused(f"Error executing request, Exception : {report}")
    return ask


def from_template(operation: str, properties: Record) -> Record:
    """The parameters that CloudFormation would ask an operation with."""
    converted: Record = _converted(parameters.shape_of("batch", operation), properties)
    return checked(operation, converted)


def page(items: list[Record], ask: Record) -> tuple[list[Record], Record]:
    """The part of a list that a request asks for, and how to ask for the next."""
    listed, more = parameters.part(items, start=int(ask.get("nextToken", 0)), size=int(ask.get("maxResults", 100)))
    return listed, {"nextToken": more} if more else {}


def _converted(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(shape, value)
    if isinstance(shape, ListShape):
        return [_converted(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _converted(shape.value, item) for key, item in value.items()}
    return _scalar(shape.type_name, value)


def _structure(shape: StructureShape, value: Record) -> Record:
    known = {name[0].upper() + name[1:]: name for name in shape.members}
    unknown = sorted(value.keys() - known.keys() - _FOR_CLOUDFORMATION)
    if unknown:
        raise Refused(f"Batch does not know {', '.join(unknown)} in {shape.name}.")
    asked = {known[name]: item for name, item in value.items() if name in known}
    return {name: _converted(shape.members[name], item) for name, item in asked.items()}


def _scalar(kind: str, value: Any) -> Any:
    if kind in {"integer", "long"}:
        return int(value)
    if kind == "boolean":
        return str(value).lower() == "true"
    return str(value)
