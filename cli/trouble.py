"""What goes wrong for reasons outside the command, in one sentence that says what to do."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from rich.console import Console

Item = TypeVar("Item")
Result = TypeVar("Result")


class Trouble(Exception):
    """Ends a command with its sentence on stderr and exit code 1."""


def say(error: object) -> None:
    """One red line on stderr."""
    Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)


def each(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What came of the items that went well; the trouble of the others is said."""
    results = []
    for item in items:
        try:
            results.append(work(item))
        except Trouble as trouble:
            say(trouble)
    return results
