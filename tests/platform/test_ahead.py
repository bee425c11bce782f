"""Work ahead of a stream: in order, never far ahead, and over as soon as one thing fails."""

import threading
import time
from collections.abc import Iterator

import pytest

from loupe.ahead import worked_ahead


def test_results_come_in_the_order_of_the_items_whoever_is_done_first() -> None:
    def work(item: int) -> int:
        time.sleep((7 - item % 7) / 1000)
        return item

    assert list(worked_ahead(work, range(200))) == list(range(200))


def test_no_more_items_are_taken_than_may_be_ahead() -> None:
    taken = list[int]()

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    for result in worked_ahead(lambda item: item, items(), threads=2, ahead=5):
        assert len(taken) <= result + 5


def test_a_slow_item_does_not_keep_later_ones_from_being_worked_on() -> None:
    others = threading.Event()

    def work(item: int) -> bool:
        if item == 9:
            others.set()
        return others.wait(30) if item == 0 else True

    assert all(worked_ahead(work, range(10), threads=2, ahead=10))


def test_what_fails_ends_the_rest() -> None:
    begun = list[int]()

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.01)
        return 1 // (item - 3)

    with pytest.raises(ZeroDivisionError):
        list(worked_ahead(work, range(500), threads=2))
    assert len(begun) < 500
