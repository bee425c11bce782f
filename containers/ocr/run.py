"""A run: every row of a dataset labelled once, in parts that are written once, however often it is interrupted."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from containers.ocr.images import Images
from containers.ocr.labelling import Labelling
from containers.ocr.pace import Pace
from containers.ocr.parts import Item, Parts, item_of, schema
from containers.ocr.progress import Counts, Progress
from containers.ocr.service import Service
from containers.ocr.settings import OcrSettings
from containers.ocr.table import BadTable, Row, Table, open_table
from loupe.artifacts import open_artifacts

MOST_IN_FLIGHT = 64  # calls, unless a number is asked for
THREADS = 32  # that fetch images


class Interrupted(RuntimeError):
    """The run stopped before its end and goes on when it is started again; the text says why it stopped."""


class Failed(RuntimeError):
    """The run stopped, and will stop again until someone mends what the text says; what is done is kept."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is asked of a run: the flags of `python -m containers.ocr run`."""

    dataset: str
    output: str
    dataset_version: str | None = None
    images: str | None = None
    model: str = "ocr"
    batch_size: int = 500
    rate: float = 3.0
    concurrency: int | None = None
    max_rows: int | None = None
    max_failures: int | None = None
    max_usd: float | None = None
    single_file: bool = False

    @property
    def image_folder(self) -> str:
        return self.images or self.dataset.rpartition("/")[0] or "."


def run(task: Task, settings: OcrSettings) -> dict[str, Any]:
    """Go on to the end and return the manifest; Interrupted or Failed where it is not reached."""
    with open_table(task.dataset, version=task.dataset_version, most_rows=task.max_rows) as table:
        return _completed(task, settings, table)


def _completed(task: Task, settings: OcrSettings, table: Table) -> dict[str, Any]:
    output = Parts(open_artifacts(task.output), schema(table.metadata))
    manifest = output.manifest()
    if manifest is None:
        begun = output.begin(_identity(task, table))
        if not output.reached:
            table.check_rows()
        asyncio.run(_Attempt(task, settings, table, output, batch_size=begun["batch_size"]).go())
        manifest = output.finish(begun)
    if task.single_file:
        output.join()
    return manifest


def _identity(task: Task, table: Table) -> dict[str, Any]:
    return {
        "schema_version": "1.0",
        "dataset": task.dataset,
        "dataset_version": task.dataset_version,
        "images": task.image_folder,
        "model": task.model,
        "max_rows": task.max_rows,
        "rows": table.rows,
        "batch_size": task.batch_size,
    }


class _Attempt:
    """One process's work on a run: from the last committed part as far as it comes."""

    def __init__(self, task: Task, settings: OcrSettings, table: Table, output: Parts, *, batch_size: int) -> None:
        self._task, self._settings, self._table, self._output = task, settings, table, output
        self._batch_size = batch_size
        self._first = output.reached
        self._kept = output.kept()
        self._failed = 0  # of the rows in parts of this attempt
        self._failures = 0 if task.max_failures is None else output.failed()  # of the run, as far as it is read

    async def go(self) -> None:
        in_flight = self._task.concurrency or MOST_IN_FLIGHT
        with ThreadPoolExecutor(min(in_flight, THREADS)) as threads:
            asyncio.get_running_loop().set_default_executor(threads)
            async with Service(self._settings, self._task.model) as service:
                labelling = Labelling(
                    service=service,
                    images=Images(open_artifacts(self._task.image_folder)),
                    pace=Pace(self._task.rate),
                    in_flight=in_flight,
                    ahead=self._batch_size + in_flight,
                    most_pages=self._affordable(),
                )
                with _signals(labelling), self._progress() as progress:
                    await self._label(labelling, progress)
        if labelling.trouble:
            raise Failed(labelling.trouble)
        if labelling.interruption:
            raise Interrupted(labelling.interruption)

    def _affordable(self) -> int | None:
        """How many more pages the run may cost; rows that are committed have been paid."""
        if self._task.max_usd is None or not self._settings.usd_per_page:
            return None
        most, page = (Decimal(str(usd)) for usd in (self._task.max_usd, self._settings.usd_per_page))
        return max(0, int(most // page) - self._first - len(self._kept))

    def _progress(self) -> Progress:
        return Progress(done=self._first, rows=self._table.rows, environment=self._settings.environment)

    async def _label(self, labelling: Labelling, progress: Progress) -> None:
        """Commit batch after batch; what is finished of the next one when the attempt ends is kept."""
        first, items = self._first, list[Item]()
        async with aclosing(self._in_order(labelling)) as done:
            async for item in done:
                items.append(item)
                progress.row()
                self._count_failure(item, labelling)
                if len(items) == self._batch_size or first + len(items) == self._table.rows:
                    await asyncio.to_thread(self._output.commit, first, items)
                    failures = [(number, one) for number, one in enumerate(items, first) if one["status"] == "failed"]
                    self._failed, first, items = self._failed + len(failures), first + len(items), []
                    progress.checkpoint(self._counts(labelling, first), failures)
        later = [(result.row.number, item_of(result)) for result in labelling.finished()]
        unsaved = [*enumerate(items, first), *later]
        self._output.keep([(number, item) for number, item in unsaved if number not in self._kept])
        if first < self._table.rows:
            progress.checkpoint(self._counts(labelling, first))

    async def _in_order(self, labelling: Labelling) -> AsyncGenerator[Item]:
        """Rows as they are labelled now, and between them those that an earlier attempt kept."""
        number = self._first
        async with aclosing(labelling.results(self._rows(labelling))) as results:
            async for result in results:
                while number < result.row.number:
                    yield self._kept[number]
                    number += 1
                yield item_of(result)
                number += 1
        while number in self._kept:
            yield self._kept[number]
            number += 1

    def _rows(self, labelling: Labelling) -> Iterator[Row]:
        """The rows that no attempt has done; a damaged place ends them, and those before it are done yet."""
        try:
            yield from (row for row in self._table.read(self._first) if row.number not in self._kept)
        except BadTable as trouble:
            labelling.trouble = str(trouble)

    def _count_failure(self, item: Item, labelling: Labelling) -> None:
        self._failures += item["status"] == "failed"
        if self._task.max_failures is not None and self._failures > self._task.max_failures:
            labelling.give_up(f"{self._failures} rows failed and --max-failures allows {self._task.max_failures}.")

    def _counts(self, labelling: Labelling, done: int) -> Counts:
        service = labelling.service
        return Counts(
            rows=done - self._first,
            failures=self._failed,
            retries=labelling.retries,
            throttled=labelling.throttled,
            calls=service.calls,
            sent_bytes=service.sent_bytes,
            written_bytes=self._output.written_bytes,
            usd=service.billed_pages * self._settings.usd_per_page,
        )


@contextmanager
def _signals(labelling: Labelling) -> Iterator[None]:
    """Asked to stop, the program ends what is in flight, keeps it, and says that it can go on."""
    loop, numbers = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, labelling.interrupt, f"It was asked to stop ({number.name}).")
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
