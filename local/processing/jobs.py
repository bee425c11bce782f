"""Processing jobs from their creation to their end, each change told as an event."""

import copy
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from local.faults import Fault, UnknownFault
from local.models import InvalidRecord, Record
from local.processing import details
from local.processing.instance import LOST, STOPPED, Instance, Outcome, ended_by
from local.processing.job import ENDED, Job, read_jobs
from local.seams import account
from local.surroundings import Surroundings
from local.workers import Workers

EVENT = "SageMaker Processing Job State Change"
Emit = Callable[[str, Record, list[str]], None]


class Jobs:
    """All processing jobs of this laptop."""

    def __init__(self, here: Surroundings, *, emit: Emit) -> None:
        self._here, self._emit = here, emit
        self._folder = here.home / "processing"
        self._changed = threading.Condition(threading.RLock())
        self._stopping = False
        self._instances: dict[str, Instance] = {}
        self._workers = Workers("processing")
        self._all = read_jobs(self._folder)

    def create(self, ask: Record) -> Job:
        """Accept a job and start it at once."""
        self._here.programs.program(ask["AppSpecification"]["ImageUri"], ())
        tags = {one["Key"]: one["Value"] for one in ask.get("Tags", [])}
        job = Job(self._folder, details.new_job(ask), tags)
        with self._changed:
            if self._stopping:
                raise InvalidRecord("The engine stops.")
            if job.name.lower() in self._all:
                raise details.InUse(
                    "Job name must be unique within an AWS account and region, and a job with this name already "
                    f"exists ({job.detail['ProcessingJobArn']})"
                )
            self._all[job.name.lower()] = job
            self._begin(job)
        return job

    def find(self, name: str) -> Job:
        """A job by its name or ARN."""
        try:
            return self._all[name.rpartition("/")[2].lower()]
        except KeyError:
            raise InvalidRecord(f"Could not find requested job with name: {name}") from None

    def every(self) -> list[Job]:
        """All jobs there are now."""
        with self._changed:
            return list(self._all.values())

    def stop_job(self, name: str) -> None:
        """Ask a job to stop."""
        with self._changed:
            job = self.find(name)
            if job.status in ENDED:
                raise InvalidRecord(f"The request was rejected because the processing job is in status {job.status}.")
            if job.status != "Stopping":
                self._move(job, "Stopping")
                if instance := self._instances.get(job.name):
                    instance.stop()

    def tag(self, name: str, tags: dict[str, str]) -> dict[str, str]:
        """Add tags to a job; answer all it has."""
        with self._changed:
            job = self.find(name)
            job.tags.update(tags)
            job.save()
            return dict(job.tags)

    def wait(self, name: str, *, seconds: float | None) -> bool:
        """Return when a job has ended, or when time is up; tell which."""
        job = self.find(name)
        with self._changed:
            return self._changed.wait_for(lambda: job.status in ENDED, seconds)

    def strike(self, fault: Fault) -> None:
        """End running programs as a fault says: as if their hosts were lost, or their time were up."""
        with self._changed:
            found = [job for job in self._all.values() if _struck(job, fault)][: fault.times]
            if len(found) < fault.times:
                raise UnknownFault(f"{fault.effect}: {len(found)} such processing jobs run, not {fault.times}")
            for job in found:
                instance = self._instances[job.name]
                (instance.lose if fault.effect == "kill" else instance.expire)()

    def resume(self) -> None:
        """Bury the jobs that ran when the last engine ended."""
        for job in self.every():
            if job.status not in ENDED:
                self._workers.start(self._bury, job)

    def stop(self) -> None:
        """Let go of every program and wait until its job has ended."""
        with self._changed:
            self._stopping = True
            for instance in self._instances.values():
                instance.release()
        self._workers.join()

    def _begin(self, job: Job) -> None:
        held = job.hold()
        self._instances[job.name] = Instance(copy.deepcopy(job.detail), layout=job.layout, here=self._here, held=held)
        self._move(job, "InProgress")
        self._workers.start(self._work, job, held)

    def _work(self, job: Job, held: int) -> None:
        try:
            outcome = self._instances[job.name].work(lambda: self._start(job))
        except Exception as error:
            account.log.exception("processing job %s broke the engine's worker", job.name)
            outcome = Outcome(status="Failed", reason=f"InternalServerError: {error}")
        os.close(held)
        self._settle(job, outcome)

    def _start(self, job: Job) -> None:
        with self._changed:
            job.detail["ProcessingStartTime"] = time.time()
            job.save()

    def _bury(self, job: Job) -> None:
        """End a job that the last engine left, once nothing of it runs any more."""
        os.close(job.hold())
        self._settle(job, ended_by(STOPPED if job.status == "Stopping" else LOST, job.layout.message()))

    def _settle(self, job: Job, outcome: Outcome) -> None:
        job.layout.remove()
        told = {"FailureReason": outcome.reason, "ExitMessage": outcome.message}
        with self._changed:
            self._instances.pop(job.name, None)
            known = {name: value for name, value in told.items() if value}
            self._move(job, outcome.status, **known, ProcessingEndTime=time.time())

    def _move(self, job: Job, status: str, **changes: Any) -> None:
        """Change a job's status, on disk first, then for those who wait and listen."""
        job.detail.update(changes, ProcessingJobStatus=status, LastModifiedTime=time.time())
        job.save()
        self._changed.notify_all()
        told = details.event(copy.deepcopy(job.detail), dict(job.tags))
        self._workers.tell(self._emit, EVENT, told, [told["ProcessingJobArn"]])


def _struck(job: Job, fault: Fault) -> bool:
    runs = job.status == "InProgress" and "ProcessingStartTime" in job.detail
    return runs and fault.job.lower() in {"", job.name.lower()}
