"""Requests and template properties in, parameters that the Batch API knows out."""

from functools import cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

Record = dict[str, Any]

# What templates say to CloudFormation itself, not to Batch.
_FOR_CLOUDFORMATION = {"ReplaceComputeEnvironment", "UpdatePolicy", "UpdateToLatestImageVersion"}


class Refused(ValueError):
    """A Batch request or template property that cannot be honoured; the text says which and why."""


@cache
def model() -> ServiceModel:
    """The service as SDKs describe it."""
    return botocore.session.get_session().get_service_model("batch")


@cache
def operations() -> dict[str, str]:
    """Request path → operation."""
    names = model().operation_names
    return {model().operation_model(name).http["requestUri"]: name for name in names}


def checked(operation: str, ask: Record) -> Record:
    """The parameters of a request, if Batch takes them."""
    report = ParamValidator().validate(ask, _input(operation))
    if report.has_errors():
        raise Refused(f"Error executing request, Exception : {report.generate_report()}")
    return ask


def from_template(operation: str, properties: Record) -> Record:
    """The parameters that CloudFormation would ask an operation with."""
    converted: Record = _converted(_input(operation), properties)
    return checked(operation, converted)


def page(items: list[Record], ask: Record) -> tuple[list[Record], Record]:
    """The part of a list that a request asks for, and how to ask for the next."""
    start, size = int(ask.get("nextToken", 0)), int(ask.get("maxResults", 100))
    more = {"nextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more


def _input(operation: str) -> StructureShape:
    shape = model().operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    return shape


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
