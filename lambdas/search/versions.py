"""Reference versions in a warm function: the published one, two others that were asked for, each loaded whole.

The pointer is looked at within a query, for Lambda freezes whatever runs between two. A new version is loaded then,
beside the old one, which stays if the new one cannot be: that query waits for it, all others of this instance do not.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

OTHERS = 2


class Named(Protocol):
    """A version that is loaded."""

    @property
    def name(self) -> str: ...


Loaded = TypeVar("Loaded", bound=Named)


class Unreadable(Exception):
    """The published version cannot be loaded, and there is no older one in memory; the text says why."""


class Versions(Generic[Loaded]):
    """What is published, how to load it, and whom to tell when that fails and an older version serves on."""

    def __init__(
        self,
        *,
        published: Callable[[], str],
        load: Callable[[str], Loaded],
        failed: Callable[[Exception], None],
        look_again_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._published, self._load, self._failed = published, load, failed
        self._seconds, self._clock = look_again_seconds, clock
        self._current: Loaded | None = None
        self._looked = -float("inf")
        self._others: OrderedDict[str, Loaded] = OrderedDict()

    def current(self) -> Loaded:
        """The published version, as it was at the last look; what keeps the first from loading is the caller's."""
        if self._current is None:
            self._current = self._first()
            self._looked = self._clock()
        elif self._clock() - self._looked >= self._seconds:
            self._current = self._next(self._current)
            self._looked = self._clock()
        return self._current

    def named(self, version: str) -> Loaded:
        """A version by its name, published or not."""
        if self._current and self._current.name == version:
            return self._current
        found = self._found(version)
        self._keep(found)
        return found

    def _first(self) -> Loaded:
        version = self._published()
        try:
            return self._found(version)
        except (LookupError, ValueError) as error:
            raise Unreadable(f"Version {version} is published and cannot be read: {error}") from error

    def _next(self, current: Loaded) -> Loaded:
        """The version that is published now; the one before where that cannot be loaded."""
        try:
            version = self._published()
            if version == current.name:
                return current
            found = self._found(version)
        except Exception as error:  # whatever it is, there is a version that serves
            self._failed(error)
            return current
        self._keep(current)
        return found

    def _found(self, version: str) -> Loaded:
        """From memory, where it is no longer among the others then, or loaded."""
        return self._others.pop(version, None) or self._load(version)

    def _keep(self, version: Loaded) -> None:
        self._others[version.name] = version
        if len(self._others) > OTHERS:
            self._others.popitem(last=False)
