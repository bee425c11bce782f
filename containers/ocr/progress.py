"""How a run is doing: a bar for people, one line a checkpoint for machines, the same numbers as CloudWatch metrics."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

FAILURES_SHOWN = 5  # of a checkpoint; the output has them all
_UNITS = {"sent_bytes": "Bytes", "written_bytes": "Bytes", "usd": "None", "seconds": "Seconds"}


@dataclass(kw_only=True)
class Counts:
    """What happened since the last checkpoint."""

    rows: int = 0
    failures: int = 0
    retries: int = 0
    throttled: int = 0
    calls: int = 0
    sent_bytes: int = 0
    written_bytes: int = 0
    usd: float = 0.0
    seconds: float = 0.0


class Progress:
    """Says how many of the rows are done; on a terminal as a bar, else as lines of JSON that are metrics too.

    The lines keep CloudWatch's embedded metric format, so that counters need neither a call nor a permission.
    """

    def __init__(self, *, done: int, rows: int, environment: str) -> None:
        self._rows, self._done, self._environment = rows, done, environment
        self._last, self._began = Counts(), time.monotonic()
        self._bar = tqdm(total=rows, initial=done, unit="row", disable=not sys.stderr.isatty())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def row(self) -> None:
        self._done += 1
        self._bar.update()

    def checkpoint(self, totals: Counts, failures: Sequence[tuple[int, Mapping[str, Any]]] = ()) -> None:
        """Tell what happened since the last call, and of rows that failed the first; `totals` are the program's."""
        totals.seconds = time.monotonic() - self._began
        before, self._last = asdict(self._last), totals
        new = {name: round(value - before[name], 6) for name, value in asdict(totals).items()}
        failed = [_failed(number, item) for number, item in failures[:FAILURES_SHOWN]]
        if not self._bar.disable:
            self._bar.set_postfix(failed=totals.failures, retries=totals.retries, usd=round(totals.usd, 2))
            for row in failed:
                self._bar.write(json.dumps(row, ensure_ascii=False), file=sys.stderr)
            return
        told = {"message": "checkpoint", "done": self._done, "of": self._rows, **new}
        print(json.dumps({**told, **({"first_failures": failed} if failed else {}), **self._metrics()}))

    def _metrics(self) -> dict[str, object]:
        """Which of a line's numbers are metrics."""
        metrics = [{"Name": field.name, "Unit": _UNITS.get(field.name, "Count")} for field in fields(Counts)]
        described = {"Namespace": "Loupe", "Dimensions": [["slice", "environment"]], "Metrics": metrics}
        aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
        return {"slice": "ocr", "environment": self._environment, "_aws": aws}


def _failed(number: int, item: Mapping[str, Any]) -> dict[str, Any]:
    """Row and column for whoever mends the table, and why."""
    return {"row": number, **{name: item[name] for name in ("id", "image_path", "error")}}
