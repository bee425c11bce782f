"""Requests to SageMaker: what they must be like, what their callers must be allowed to do, which part of a list."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from local import parameters
from local.models import InvalidRecord, Record

PAGE = 10
SERVICE = "sagemaker.amazonaws.com"


class InUse(InvalidRecord):
    """A name that another has or had."""

    code = "ResourceInUse"


class NotFound(InvalidRecord):
    """A name that nothing has."""

    code = "ResourceNotFound"


class Conflict(InvalidRecord):
    """A change that the present state of things forbids."""

    code = "ConflictException"


class Need(NamedTuple):
    """Something that a caller must be allowed to do."""

    action: str
    resource: str
    context: dict[str, str] | None = None


class Part(Protocol):
    """Some operations at SageMaker's door."""

    @property
    def operations(self) -> Mapping[str, Callable[[Record], Record | None]]:
        """The operations by their names."""

    def needs(self, operation: str, ask: Record) -> list[Need]:
        """What the caller of an operation must be allowed to do."""


def answer(part: Part, operation: str, ask: Record) -> Record:
    """Answer one request, if SageMaker takes it."""
    return part.operations[operation](checked(operation, ask)) or {}


def checked(operation: str, ask: Record) -> Record:
    """The parameters of a request, if SageMaker takes them."""
    if report := parameters.report("sagemaker", operation, ask):
        raise InvalidRecord(report)
    if broken := parameters.broken("sagemaker", operation, ask):
        plural = "s" if len(broken) > 1 else ""
        raise InvalidRecord(f"{len(broken)} validation error{plural} detected: {'; '.join(broken)}")
    return ask


def to_make(action: str, arn: str, ask: Record) -> list[Need]:
    """What it takes to make something, with its tags and with the role that it is given."""
    tagging = [Need("sagemaker:AddTags", arn)] if ask.get("Tags") else []
    passing = [Need("iam:PassRole", str(ask["RoleArn"]), {"iam:PassedToService": SERVICE})] if "RoleArn" in ask else []
    return [Need(action, arn), *tagging, *passing]


def fits(ask: Record, tests: Mapping[str, Callable[[Any], bool]]) -> bool:
    """Whether something passes those tests that a request asks for."""
    return all(test(ask[name]) for name, test in tests.items() if name in ask)


def page(found: Iterable[Record], ask: Record, *, by: str, descending: bool) -> tuple[list[Record], Record]:
    """The part of a list that a request asks for, and what tells where the next one starts."""
    ordered = sorted(found, key=lambda one: one[by], reverse=descending)
    start, size = int(ask.get("NextToken", 0)), int(ask.get("MaxResults", PAGE))
    listed, more = parameters.part(ordered, start=start, size=size)
    return listed, {"NextToken": more} if more else {}


def moment(seconds: float) -> str:
    """A time as some events tell it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
