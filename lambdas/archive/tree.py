"""The tree's contract, read from tree.json: which place a key of the project bucket has, and what holds there."""

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from loupe import contracts

FILE = Path(__file__).with_name("tree.json")
_STANDS_FOR = {"**": ".+", "###": "[0-9]{3}"}
_PLACEHOLDER = re.compile(r"(<[a-z]+>|###|\*\*)")


@dataclass(frozen=True, kw_only=True)
class Transition:
    """When objects move to a cheaper storage class."""

    storage_class: str
    days: int


@dataclass(frozen=True, kw_only=True)
class Place:
    """Objects of one kind: their keys, writer, and how long they are kept; None is for ever."""

    name: str
    prefix: str
    slice: str
    written_by: str
    holds: str
    keys: tuple[str, ...]
    example: str
    written: Literal["once", "as_seen", "freely"]
    verified: bool
    expire_days: int | None
    noncurrent_days: int | None
    transitions: tuple[Transition, ...]

    @property
    def immutable(self) -> bool:
        """Whether what is written there stays as it is for ever."""
        return self.written == "once"

    @property
    def globs(self) -> list[str]:
        """Its keys as a bucket policy names them: `*` for whatever a name holds."""
        return [_PLACEHOLDER.sub("*", key) for key in self.keys]

    def takes(self, key: str) -> bool:
        return self._pattern.fullmatch(key) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(_expression(key) for key in self.keys), re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Tree:
    """All places; a key belongs to the first that takes it."""

    version: int
    abort_uploads_days: int
    places: tuple[Place, ...]

    def place_of(self, key: str) -> Place | None:
        """None for a key that belongs nowhere."""
        return next((place for place in self.places if place.takes(key)), None)

    def place(self, name: str) -> Place:
        return next(place for place in self.places if place.name == name)


@cache
def tree() -> Tree:
    """The contract that this code was shipped with."""
    return read(json.loads(FILE.read_text()))


def read(message: Any) -> Tree:
    """A contract from its JSON, checked."""
    told = contracts.check("archive/tree", message)
    return Tree(**{**told, "places": tuple(_place(one) for one in told["places"])})


def _place(told: dict[str, Any]) -> Place:
    transitions = tuple(Transition(**one) for one in told["transitions"])
    return Place(**{**told, "keys": tuple(told["keys"]), "transitions": transitions})


def _expression(key: str) -> str:
    pieces = _PLACEHOLDER.split(key)
    return "".join(
        _STANDS_FOR.get(piece, "[^/]+") if _PLACEHOLDER.fullmatch(piece) else re.escape(piece) for piece in pieces
    )
