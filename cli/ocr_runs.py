"""Runs as S3 and AWS Batch tell of them: S3 what is done, for ever; Batch what is under way and why it ended."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from cli.account import Account
from cli.trouble import Trouble
from containers.ocr.__main__ import flags
from containers.ocr.parts import PART, Parts
from lambdas.ocr.reasons import log_stream, reason
from lambdas.ocr.runs import JOB_PREFIX
from lambdas.ocr.settings import OUTPUT
from loupe.artifacts import open_artifacts

Job = dict[str, Any]
RUN_ID = re.compile(r"[0-9a-f]{16}")
READERS = 16
_ENDED = frozenset({"SUCCEEDED", "FAILED"})
_DESCRIBED_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a run stands. COMPLETE: the manifest is there; STOPPED: it is not, and no job works on it."""

    run: str
    state: str
    dataset: str
    version: str | None
    max_rows: int | None
    images: str
    output: str
    rows: int | None = None
    done: int = 0
    failed: int | None = None
    job: str | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        """The dataset's name."""
        return Path(self.dataset).stem

    def told(self) -> dict[str, Any]:
        """For people and machines; what is not known is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Runs:
    """The runs of one environment."""

    def __init__(self, account: Account) -> None:
        self._account = account
        with account.asked():
            self.results, self._queue = account.parameter("storage/results-bucket"), account.parameter("ocr/queue")

    def all(self) -> list[Run]:
        """Every run that left something in S3 or that Batch still knows."""
        return self._found(OUTPUT, f"{JOB_PREFIX}*")

    def one(self, run_id: str, output: str) -> Run | None:
        """A run whose place is known; None while neither S3 nor Batch tells of it."""
        return next(iter(self._found(output.removeprefix(f"s3://{self.results}/"), JOB_PREFIX + run_id)), None)

    def _found(self, prefix: str, job_name: str) -> list[Run]:
        with self._account.asked():
            jobs, kept = self._newest_jobs(job_name), self._kept(prefix)
            described = self._described([job["jobId"] for job in jobs.values()])
            run_ids = kept.keys() | {name.removeprefix(JOB_PREFIX) for name in described}
            with ThreadPoolExecutor(READERS) as readers:
                found = readers.map(lambda one: self._run(one, kept.get(one), described.get(JOB_PREFIX + one)), run_ids)
                return sorted(found, key=lambda run: (run.name, run.run))

    def named(self, name: str) -> list[Run]:
        """The run of an id, or all runs of a dataset; Trouble if there is none."""
        found = [run for run in self.all() if name in {run.run, run.name}]
        if not found:
            raise Trouble(f"There is no run {name!r} in {self._account.environment}: see `loupe ocr status`.")
        return found

    def find(self, name: str) -> Run:
        """The run of an id, or the only run of a dataset; Trouble names the choices."""
        found = self.named(name)
        if len(found) > 1:
            several = ", ".join(run.run for run in found)
            raise Trouble(f"{name!r} has several runs, name one: {several}.")
        return found[0]

    def parts(self, run: Run) -> Parts:
        """The run's rows, as far as they are committed."""
        return parts_at(run.output, self._s3)

    def last_words(self, run: Run) -> str | None:
        """The last line that the run's newest job wrote, if it says why it stopped: a killed one's does not."""
        if run.job is None:
            return None
        with self._account.asked():
            [job] = self._described([run.job]).values()
            stream, logs = log_stream(job), self._account.client("logs")
            if stream is None:
                return None
            group = self._account.parameter("ocr/log-group")
            try:
                events = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=1)["events"]
            except logs.exceptions.ResourceNotFoundException:
                return None
        words = str(events[-1]["message"]).strip() if events else ""
        return None if words.startswith('{"message": ') else words or None

    @cached_property
    def _s3(self) -> Any:
        return self._account.client("s3")

    @cached_property
    def _batch(self) -> Any:
        return self._account.client("batch")

    def _kept(self, prefix: str) -> dict[str, tuple[str, list[str]]]:
        """Run id → the run's folder and the names of its files."""
        found: dict[str, tuple[str, list[str]]] = {}
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.results, Prefix=prefix):
            for item in page.get("Contents", []):
                folder, _, name = item["Key"].rpartition("/")
                run_id = folder.rpartition("/")[2]
                if RUN_ID.fullmatch(run_id):
                    found.setdefault(run_id, (folder, []))[1].append(name)
        return {run_id: kept for run_id, kept in found.items() if "run.json" in kept[1]}

    def _newest_jobs(self, name: str) -> dict[str, Job]:
        """Job name → the newest job that Batch knows of that name; names may end in a star."""
        by_name = [{"name": "JOB_NAME", "values": [name]}]
        pages = self._batch.get_paginator("list_jobs").paginate(jobQueue=self._queue, filters=by_name)
        jobs = sorted((job for page in pages for job in page["jobSummaryList"]), key=lambda job: job["createdAt"])
        return {job["jobName"]: job for job in jobs}

    def _described(self, job_ids: list[str]) -> dict[str, Job]:
        """Job name → all that Batch tells of the job."""
        some = (job_ids[first : first + _DESCRIBED_AT_ONCE] for first in range(0, len(job_ids), _DESCRIBED_AT_ONCE))
        return {job["jobName"]: job for ids in some for job in self._batch.describe_jobs(jobs=ids)["jobs"]}

    def _run(self, run_id: str, kept: tuple[str, list[str]] | None, job: Job | None) -> Run:
        folder, files = kept or (None, [])
        state = "COMPLETE" if "manifest.json" in files else _state(job)
        known = self._written(str(folder), files) if kept else _asked(job)
        return Run(
            run=run_id,
            state=state,
            done=sum(int(match[2]) - int(match[1]) for name in files if (match := PART.match(name))),
            job=job["jobId"] if job else None,
            reason=reason(job) if job and state == "STOPPED" else None,
            **{"output": f"s3://{self.results}/{folder}/", **known},
        )

    def _written(self, folder: str, files: list[str]) -> dict[str, Any]:
        """What the run's own files say."""
        name = "manifest.json" if "manifest.json" in files else "run.json"
        text = self._s3.get_object(Bucket=self.results, Key=f"{folder}/{name}")["Body"].read()
        told = json.loads(text)
        known = {field: told.get(field) for field in ("dataset", "images", "max_rows", "rows", "failed")}
        return {**known, "version": told["dataset_version"]}


def parts_at(output: str, client: Any = None) -> Parts:
    """The rows of a run's folder, in S3 or on this machine."""
    return Parts(open_artifacts(output, client), pa.schema([]))


def rows_of(parts: Parts) -> Iterator[dict[str, Any]]:
    """The committed rows in order, as far as memory for one part."""
    for table in parts.tables():
        yield from table.to_pylist()


def _state(job: Job | None) -> str:
    """A run without a manifest is what its job is."""
    return "STOPPED" if job is None or job["status"] in _ENDED else str(job["status"])


def _asked(job: Job | None) -> dict[str, Any]:
    """What a job was asked for whose run has no file yet: its command tells."""
    [task] = (job or {})["ecsProperties"]["taskProperties"]
    asked = flags().parse_args(task["containers"][0]["command"])
    return {
        "dataset": asked.dataset,
        "version": asked.dataset_version,
        "max_rows": asked.max_rows,
        "images": asked.images or asked.dataset.rpartition("/")[0],
        "output": asked.output,
    }
