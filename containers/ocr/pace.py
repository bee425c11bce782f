"""When calls may start: so many a second, fewer after the service said that these are too many."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

HEADROOM = 0.985  # of the rate: the service's clock and ours measure a second differently
CATCH_UP_SECONDS = 0.005  # how much a call that started late may shorten the next one's wait
CHANCE_PAUSE = 2  # intervals after a single refusal, which the clocks' differences explain
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
A_LITTLE_SLOWER, SLOWER, FASTER = 1.05, 1.15, 0.9995  # factors of the interval: one refusal, another, an acceptance
SLOWEST = 10.0


class Refused(Exception):  # the service refuses; nothing is wrong here
    """The service was asked too often; `retry_after` says for how many seconds not to ask, if it said so."""

    def __init__(self, retry_after: float | None) -> None:
        super().__init__("the service was asked too often")
        self.retry_after = retry_after


class Pace:
    """Spaces calls evenly. A refusal makes all wait a moment; after another, a single call tries before all follow."""

    def __init__(self, calls_per_second: float) -> None:
        self._shortest = self._interval = 1 / (calls_per_second * HEADROOM)
        self._next, self._pause, self._refused = 0.0, 0.0, 0.0
        self._careful = False
        self._line, self._tried = asyncio.Lock(), asyncio.Event()
        self._tried.set()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the next start; within, the call runs, and may raise Refused."""
        started, trial = await self._start()
        try:
            yield
        except Refused as refusal:
            self._slow_down(started, refusal.retry_after)
            raise
        else:
            self._go_on(started)
        finally:
            if trial:
                self._tried.set()

    async def _start(self) -> tuple[float, bool]:
        async with self._line:
            while not self._tried.is_set() or self._next > time.monotonic():
                await self._tried.wait()
                await asyncio.sleep(max(0.0, self._next - time.monotonic()))
            if self._careful:
                self._tried.clear()
            now = time.monotonic()
            self._next = max(self._next, now - CATCH_UP_SECONDS) + self._interval
            return now, self._careful

    def _slow_down(self, started: float, retry_after: float | None) -> None:
        """Calls that started before the last refusal was heard say nothing new."""
        if started < self._refused:
            return
        again, self._refused = self._pause > 0, time.monotonic()
        slower = self._interval * (SLOWER if again and not self._careful else A_LITTLE_SLOWER)
        self._interval = min(slower, self._shortest * SLOWEST)
        self._careful = again
        pause = max(FIRST_PAUSE_SECONDS, 2 * self._pause) if again else CHANCE_PAUSE * self._interval
        self._pause = min(pause, LONGEST_PAUSE_SECONDS)
        self._next = self._refused + min(self._pause if retry_after is None else retry_after, LONGEST_PAUSE_SECONDS)

    def _go_on(self, started: float) -> None:
        if started >= self._refused:
            self._careful, self._pause = False, 0.0
        self._interval = max(self._interval * FASTER, self._shortest)
