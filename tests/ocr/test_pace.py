"""Calls are spaced; after a refusal one call tries the service before the others follow."""

import asyncio
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from containers.ocr import pace as pacing
from containers.ocr.pace import Pace, Refused


async def starts_of(pace: Pace, calls: int, refused: Callable[[int], bool] = lambda _: False) -> list[float]:
    """When each of so many calls at once started; those that are refused are made again."""
    starts: list[float] = []

    async def call() -> None:
        while True:
            try:
                async with pace.turn():
                    starts.append(time.monotonic())
                    _refuse(refused(len(starts)))
                    return
            except Refused:
                pass

    await asyncio.gather(*(call() for _ in range(calls)))
    return starts


def _refuse(now: bool) -> None:
    if now:
        raise Refused(None)


@pytest.mark.parametrize("rate", [5, 40, 200])
def test_no_second_has_more_calls_than_the_rate(rate: int) -> None:
    starts = asyncio.run(starts_of(Pace(rate), min(3 * rate, 250)))
    assert max(sum(start <= other < start + 1 for other in starts) for start in starts) <= rate


def test_a_single_refusal_costs_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "FIRST_PAUSE_SECONDS", 3600.0)
    starts = asyncio.run(starts_of(Pace(20), 20, refused=lambda made: made == 10))
    assert len(starts) == 21
    assert starts[10] - starts[9] >= 0.1


def test_more_refusals_hold_all_back_and_one_tries_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "FIRST_PAUSE_SECONDS", 0.2)
    starts = asyncio.run(starts_of(Pace(1000), 50, refused=lambda made: made in {10, 11, 12, 13}))
    pauses = [after - before for before, after in pairwise(starts[8:16])]
    assert len(starts) == 54
    assert pauses[2] >= 0.2
    assert pauses[3] >= 0.4
    assert pauses[4] >= 0.8


def test_the_service_says_how_long_to_wait() -> None:
    async def told() -> float:
        pace = Pace(1000)
        with pytest.raises(Refused):
            async with pace.turn():
                raise Refused(0.5)
        before = time.monotonic()
        async with pace.turn():
            return time.monotonic() - before

    assert asyncio.run(told()) >= 0.45


def test_a_call_that_fails_otherwise_keeps_no_one_waiting() -> None:
    async def failing() -> None:
        pace = Pace(1000)
        for trouble in (Refused(0.0), ValueError()):
            with pytest.raises(type(trouble)):
                async with pace.turn():
                    raise trouble
        async with asyncio.timeout(5), pace.turn():
            pass

    asyncio.run(failing())
