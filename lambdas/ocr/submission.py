"""From a dataset to one Batch job: one for each run at a time, whoever submits and however often.

Two submitters at once: the second waits until the first lets go of the run, and then finds the first one's job. A
submitter that died holding the run: its hold expires after its function's longest life; the next one finds its job in
Batch's list, or submits if it got none. A job that ended without the manifest: whoever *asks* submits again, and the
program goes on where it stopped; a late duplicate of the dataset's event does not, for it would spend money again that
nobody asked for. Live jobs are looked at before the manifest: a job that ends in between has written it by then.
"""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypedDict

from lambdas.ocr import clients
from lambdas.ocr.datasets import glance
from lambdas.ocr.notifications import Notifications
from lambdas.ocr.records import Facts, Record, Records
from lambdas.ocr.results import is_complete
from lambdas.ocr.runs import Options, Run, command, is_dataset, name_refusal
from lambdas.ocr.settings import CONTAINER, SubmitSettings

if TYPE_CHECKING:
    from mypy_boto3_batch.type_defs import JobSummaryTypeDef

_ENDED = frozenset({"SUCCEEDED", "FAILED"})
_PATIENCE_SECONDS = 5
_UNLISTED_SECONDS = 3600  # how long a submitted job may be missing from Batch's list and still be alive


class Answer(TypedDict):
    """What became of a submission, as `schemas/ocr/submit_answer.json` says; ENDED and LEFT answer events only."""

    run_id: str | None
    job_id: str | None
    output: str | None
    state: str
    reason: str | None


class Submission:
    """Takes datasets that arrived, and datasets that somebody asks for."""

    def __init__(self, settings: SubmitSettings) -> None:
        self._settings = settings
        self._records = Records(clients.table(settings.runs_table), memory_days=settings.run_memory_days)
        self._notifications = Notifications(settings, self._records)

    def arrived(self, bucket: str, key: str, version_id: str) -> Answer:
        """Start the run of a dataset that landed, unless it has had a job; tell why it cannot be started.

        A dataset whose uploader asks for the run, because it has options, is left to that.
        """
        found = glance(bucket, key, version_id)
        run = self._run(bucket, key, version_id, {}, own_images=found.own_images)
        if found.asked_for:
            return {"run_id": run.id, "job_id": None, "output": None, "state": "LEFT", "reason": None}
        answer = self._submit(run, {}, refusal=found.refusal, asked=False)
        if answer["state"] == "REFUSED":
            self._notifications.tell(
                {
                    "run_id": run.id,
                    "state": "FAILED",
                    **self._facts(run),
                    "job_id": None,
                    "reason": answer["reason"],
                }
            )
        return answer

    def asked(self, bucket: str, key: str, version_id: str | None, options: Options) -> Answer:
        """Start or resume the run that somebody asks for."""
        refusal = self._refusal(bucket, key, options)
        if refusal is not None:
            return _refused(refusal)
        found = glance(bucket, key, version_id)
        if found.version_id is None:
            return _refused(found.refusal)
        run = self._run(bucket, key, found.version_id, options, own_images=found.own_images)
        return self._submit(run, options, refusal=found.refusal, asked=True)

    def _run(self, bucket: str, key: str, version_id: str, options: Options, *, own_images: bool) -> Run:
        return Run(
            bucket=bucket,
            key=key,
            version_id=version_id,
            model=self._settings.model,
            max_rows=options.get("max_rows"),
            own_images=own_images,
        )

    def _refusal(self, bucket: str, key: str, options: Options) -> str | None:
        if bucket != self._settings.project_bucket:
            return f"Datasets are read from {self._settings.project_bucket}, not from {bucket}."
        if not is_dataset(key):
            return f"A dataset is called data/ocr/<name>.parquet, not {key}."
        if options.get("concurrency", 1) > self._settings.max_in_flight:
            return f"concurrency is at most {self._settings.max_in_flight}."
        return None

    def _submit(self, run: Run, options: Options, *, refusal: str | None, asked: bool) -> Answer:
        refusal = refusal or name_refusal(run)
        if refusal:
            return _refused(refusal, run)
        record = self._records.hold(
            run.id, self._facts(run), seconds=self._settings.lease_seconds, patience_seconds=_PATIENCE_SECONDS
        )
        state, job_id = self._find(run, record)
        if state == "NONE" or (state == "ENDED" and asked):
            state, job_id = "SUBMITTED", self._start(run, options)
            self._records.note_job(record, job_id)
        self._records.release(record)
        return {"run_id": run.id, "job_id": job_id, "output": self._output(run), "state": state, "reason": None}

    def _find(self, run: Run, record: Record) -> tuple[str, str | None]:
        """RUNNING, COMPLETE, ENDED or NONE, and the job that says so."""
        jobs = list(_jobs(self._settings.job_queue, run.job_name))
        noted = _noted(record, {job["jobId"] for job in jobs})
        live = next((job["jobId"] for job in jobs if job["status"] not in _ENDED), noted)
        if live:
            return "RUNNING", live
        if is_complete(self._settings.results_bucket, run.folder):
            return "COMPLETE", None
        last = jobs[0]["jobId"] if jobs else record.get("job_id")
        return ("ENDED", last) if last else ("NONE", None)

    def _start(self, run: Run, options: Options) -> str:
        settings = self._settings
        words = command(
            run,
            output=self._output(run),
            options=options,
            rate_per_second=settings.rate_per_second,
            checkpoint_rows=settings.checkpoint_rows,
        )
        container: Any = {"name": CONTAINER, "command": words}
        submitted = clients.batch_once().submit_job(
            jobName=run.job_name,
            jobQueue=settings.job_queue,
            jobDefinition=settings.job_definition,
            ecsPropertiesOverride={"taskProperties": [{"containers": [container]}]},
        )
        return submitted["jobId"]

    def _output(self, run: Run) -> str:
        return f"s3://{self._settings.results_bucket}/{run.folder}"

    def _facts(self, run: Run) -> Facts:
        return {"dataset": run.url, "version_id": run.version_id, "output": self._output(run)}


def _jobs(queue: str, name: str) -> Iterator["JobSummaryTypeDef"]:
    """Every job of this name that Batch still knows, newest first."""
    pages = (
        clients.batch()
        .get_paginator("list_jobs")
        .paginate(jobQueue=queue, filters=[{"name": "JOB_NAME", "values": [name]}])
    )
    found = [job for page in pages for job in page["jobSummaryList"] if job["jobName"] == name]
    yield from sorted(found, key=lambda job: job.get("createdAt", 0), reverse=True)


def _noted(record: Record, listed: set[str]) -> str | None:
    """The job that was submitted so lately that Batch may not list it yet."""
    job_id = record.get("job_id")
    lately = time.time() - record.get("submitted_at", 0) < _UNLISTED_SECONDS
    return job_id if job_id and lately and job_id not in listed else None


def _refused(reason: str | None, run: Run | None = None) -> Answer:
    return {"run_id": run.id if run else None, "job_id": None, "output": None, "state": "REFUSED", "reason": reason}
