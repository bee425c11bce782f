"""Listed objects → what each slice has done lately: how many inputs, for how many hours, with how many writes.

No slice reports its use: what it leaves tells. A run lasts from the writing of one object to that of another.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lambdas.archive.storage import Seen

IDLE_SECONDS = 900  # how long an endpoint stays up after its last answer before it scales in
Read = Callable[[str, str], bytes]  # an object, by bucket and key


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Objects that tell of a slice's runs: the same words in both keys name the same run.

    `counts` is the field of the last object that says how many inputs it had, if not one.
    Runs that share a machine cost what the machine is up; others what each of them takes.
    """

    slice: str
    bucket: str
    begins: str
    ends: str
    counts: str | None = None
    shared: bool = False


TRACES = (
    Trace(
        slice="room_detection",
        bucket="results",
        begins=r"room_detection/endpoint/input/([^/]+)",
        ends=r"room_detection/([^/]+)/rooms\.json",
        shared=True,
    ),
    Trace(
        slice="ocr",
        bucket="results",
        begins=r"ocr/([^/]+/[^/]+)/run\.json",
        ends=r"ocr/([^/]+/[^/]+)/manifest\.json",
        counts="rows",
    ),
    Trace(
        slice="plate_runs",
        bucket="project",
        begins=r"plates/([^/]+/reports/[^/]+/shard-\d+-of-\d+)\.begun",
        ends=r"plates/([^/]+/reports/[^/]+/shard-\d+-of-\d+)(?:\.\d+)?\.json",
        counts="plates_processed",
    ),
    Trace(
        slice="model_build",
        bucket="project",
        begins=r"pipeline/runtime/([^/]+/[^/]+)/.+",
        ends=r"pipeline/runtime/([^/]+/[^/]+)/.+",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a slice has done; None inputs are not counted anywhere."""

    inputs: int | None = None
    hours: float = 0.0
    writes: int = 0


@dataclass
class _Run:
    begun: datetime | None = None
    ends: dict[str, datetime] = field(default_factory=dict)

    @property
    def ended(self) -> datetime:
        return max(self.ends.values())

    @property
    def span(self) -> tuple[datetime, datetime]:
        return min(self.begun or self.ended, self.ended), self.ended


class Traces:
    """What the versions tell that were written since a time."""

    def __init__(self, *, since: datetime) -> None:
        self._since = since
        self.unread: list[str] = []
        self._runs: dict[Trace, dict[str, _Run]] = {trace: defaultdict(_Run) for trace in TRACES}

    def add(self, version: Seen) -> None:
        """Current versions tell of runs."""
        if not version.current:
            return
        for trace in TRACES:
            if trace.bucket == version.bucket:
                self._note(trace, version)

    def uses(self, read: Read, writes: dict[str, int]) -> dict[str, Use]:
        """What each slice with traces has done; ends are read where they say how many inputs there were.

        What cannot be read counts no inputs, and is named in `unread`.
        """
        return {trace.slice: self._use(trace, read, writes.get(trace.slice, 0)) for trace in TRACES}

    def _note(self, trace: Trace, version: Seen) -> None:
        if end := re.fullmatch(trace.ends, version.key):
            self._runs[trace][end[1]].ends[version.key] = version.written
        if begin := re.fullmatch(trace.begins, version.key):
            run = self._runs[trace][begin[1]]
            run.begun = min(run.begun or version.written, version.written)

    def _use(self, trace: Trace, read: Read, writes: int) -> Use:
        runs = [run for run in self._runs[trace].values() if run.ends and run.ended >= self._since]
        spans = [run.span for run in runs]
        seconds = _up(spans) if trace.shared else sum((end - begin).total_seconds() for begin, end in spans)
        inputs = len(runs) if trace.counts is None else sum(self._inputs(trace, run, read) for run in runs)
        return Use(inputs=inputs, hours=seconds / 3600, writes=writes)

    def _inputs(self, trace: Trace, run: _Run, read: Read) -> int:
        counted = 0
        for key in run.ends:
            try:
                counted += int(json.loads(read(trace.bucket, key))[trace.counts])
            except (FileNotFoundError, KeyError, TypeError, ValueError):
                self.unread.append(key)
        return counted


def _up(spans: Iterable[tuple[datetime, datetime]]) -> float:
    """For how many seconds one machine is up that stays for a while after each of its tasks."""
    seconds, until = 0.0, None
    for begin, end in sorted(spans):
        down = end + timedelta(seconds=IDLE_SECONDS)
        if until is None or begin > until:
            seconds += (down - begin).total_seconds()
            until = down
        elif down > until:
            seconds += (down - until).total_seconds()
            until = down
    return seconds
