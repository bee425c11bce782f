"""Work on a stream by many threads, its results in order, never more than a few of them in memory."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

AHEAD = 1_000
THREADS = 32

Item = TypeVar("Item")
Result = TypeVar("Result")


def worked_ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work` of each item; the items are taken in this thread, so they may keep state."""
    rest = iter(items)
    with ThreadPoolExecutor(THREADS) as threads:
        while batch := list(islice(rest, AHEAD)):
            yield from threads.map(work, batch)
