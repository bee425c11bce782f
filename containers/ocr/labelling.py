"""Rows in, results out: many calls in flight, each row once, in the order of the table."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from containers.ocr.answers import Words
from containers.ocr.images import Image, Images, NoImage
from containers.ocr.pace import Pace, Refused
from containers.ocr.service import Final, Passing, Service, Unwilling
from containers.ocr.table import Row

ATTEMPTS = 4
LONGEST_RETRY_SECONDS = 30.0
MOST_WAITING_BYTES = 64 << 20  # of images that the table holds itself
GRACE_SECONDS = 20.0  # for calls in flight when the program is told to stop


@dataclass(frozen=True)
class Result:
    """A row that is done: its words, or why there are none and how often the service was asked."""

    row: Row
    words: Words | None
    error: str | None = None
    attempts: int | None = None


@dataclass
class Labelling:
    """Labels rows with a service at a pace, so many in flight at most, so many ahead of the oldest unfinished one."""

    service: Service
    images: Images
    pace: Pace
    in_flight: int
    ahead: int
    most_pages: int | None = None  # that may be billed
    retries: int = 0
    throttled: int = 0
    interruption: str | None = None  # why it stopped, and can go on
    trouble: str | None = None  # why it stopped, and will stop again

    def __post_init__(self) -> None:
        self._stop = asyncio.Event()
        self._slots = asyncio.Semaphore(self.in_flight)
        self._pending: deque[tuple[int, asyncio.Task[Result]]] = deque()  # with the bytes of the row's own image

    async def results(self, rows: Iterator[Row]) -> AsyncGenerator[Result]:
        """The rows' results in order, until they end or the labelling stops."""
        try:
            self._fill(rows)
            while self._pending and not self._stop.is_set():
                _, oldest = self._pending[0]
                await self._unless_stopped(oldest)
                if not _succeeded(oldest):
                    break
                self._pending.popleft()
                yield oldest.result()
                self._fill(rows)
        finally:
            await self._wind_up()

    def finished(self) -> list[Result]:
        """After a stop, the results that no one has got: of rows after the oldest unfinished one."""
        return [task.result() for _, task in self._pending if _succeeded(task)]

    def interrupt(self, reason: str) -> None:
        """Stop; the rest can be done another time."""
        self.interruption = self.interruption or reason
        self._stop.set()

    def give_up(self, reason: str) -> None:
        """Stop; another time would fare no better."""
        self.trouble = self.trouble or reason
        self._stop.set()

    def _fill(self, rows: Iterator[Row]) -> None:
        waiting = sum(held for held, task in self._pending if held and not task.done())
        while len(self._pending) < self.ahead and waiting <= MOST_WAITING_BYTES:
            row = next(rows, None)
            if row is None:
                return
            self._pending.append((row.bytes, asyncio.create_task(self._label(row))))
            waiting += row.bytes

    async def _unless_stopped(self, task: asyncio.Task[Result]) -> None:
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()

    async def _wind_up(self) -> None:
        """Calls in flight may still end; nothing new begins."""
        self._stop.set()
        tasks = [task for _, task in self._pending]
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for task in tasks:
            task.cancel()
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(error, Exception) and not isinstance(error, Unwilling | _Stopped):
                raise error

    async def _label(self, row: Row) -> Result:
        """One row's end, which holds no image any more: its words, or the last of several failures."""
        done, error = replace(row, image=None), ""
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                self.retries += 1
                await self._sleep(self._backoff(attempt))
            try:
                return Result(done, await self._ask(row))
            except NoImage as reason:
                return Result(done, None, str(reason), attempt - 1)
            except Final as reason:
                return Result(done, None, str(reason), attempt)
            except Passing as reason:
                error = str(reason)
        return Result(done, None, error, ATTEMPTS)

    def _backoff(self, attempt: int) -> float:
        first = self.service.settings.ocr_retry_milliseconds / 1000
        return min(first * 2.0 ** (attempt - 2), LONGEST_RETRY_SECONDS) * random.uniform(0.5, 1)  # noqa: S311  # jitter

    async def _ask(self, row: Row) -> Words:
        """Ask until the service does not say that it is asked too often: that is no failure of the row."""
        while True:
            async with self._slots:
                self._check_stop()
                image = await self._image(row)
                try:
                    async with self.pace.turn():
                        self._check_money()
                        self._check_stop()
                        return await self.service.read(image)
                except Refused:
                    self.throttled += 1
                except Unwilling as trouble:
                    self.give_up(str(trouble))
                    raise

    async def _image(self, row: Row) -> Image:
        try:
            return await asyncio.to_thread(self.images.load, row.image_path, row.image)
        except OSError as error:
            raise Passing(str(error)) from None

    async def _sleep(self, seconds: float) -> None:
        """Outside the slots: a row that waits keeps no other from being asked."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
        self._check_stop()

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _check_money(self) -> None:
        if self.most_pages is not None and self.service.billed_pages + self.service.open_calls >= self.most_pages:
            self.interrupt("The next page would cost more than --max-usd allows.")


class _Stopped(Exception):  # nothing went wrong
    """The program was told to stop before this row was done."""


def _succeeded(task: asyncio.Task[Result]) -> bool:
    return task.done() and not task.cancelled() and not task.exception()
