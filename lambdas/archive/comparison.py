"""Two streams in the order of their keys → one, in which what has the same key stands side by side."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar


class Keyed(Protocol):
    """Anything with a key."""

    @property
    def key(self) -> str: ...


Left = TypeVar("Left", bound=Keyed)
Right = TypeVar("Right", bound=Keyed)


class OutOfOrder(ValueError):
    """A stream whose keys do not come in their order cannot be compared with another."""


def side_by_side(left: Iterable[Left], right: Iterable[Right]) -> Iterator[tuple[Left | None, Right | None]]:
    """Each key once; None for the side that has not got it."""
    lefts, rights = _in_order(left), _in_order(right)
    one, other = next(lefts, None), next(rights, None)
    while one or other:
        if other is None or (one is not None and one.key < other.key):
            yield one, None
            one = next(lefts, None)
        elif one is None or other.key < one.key:
            yield None, other
            other = next(rights, None)
        else:
            yield one, other
            one, other = next(lefts, None), next(rights, None)


def _in_order(stream: Iterable[Left]) -> Iterator[Left]:
    before = ""
    for item in stream:
        if item.key <= before:
            raise OutOfOrder(f"{item.key!r} comes after {before!r}: keys must come in the order of their characters.")
        before = item.key
        yield item
