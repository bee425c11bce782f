"""Jobs of one kind from their creation to their end, each change told as an event."""

import copy
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from local.faults import Fault, UnknownFault
from local.jobs.instance import Instance
from local.jobs.job import Job, read_jobs
from local.jobs.kind import Kind
from local.jobs.names import milliseconds
from local.jobs.outcome import ENDED, LOST, STOPPED, Outcome, ended
from local.models import InvalidRecord, Record
from local.requests import InUse
from local.seams import account
from local.surroundings import Surroundings
from local.workers import Workers

Emit = Callable[[str, Record, list[str]], None]


class Jobs:
    """All jobs of one kind on this laptop."""

    def __init__(self, kind: Kind, here: Surroundings, *, emit: Emit) -> None:
        self.kind, self.names = kind, kind.names
        self._here, self._emit = here, emit
        self._word = self.names.kind.lower()
        self._folder = here.home / self._word
        self._changed = threading.Condition(threading.RLock())
        self._stopping = False
        self._instances: dict[str, Instance] = {}
        self._workers = Workers(self._word)
        self._all = read_jobs(self._folder, self.names)

    def create(self, ask: Record) -> Job:
        """Accept a job and start it at once."""
        asked = copy.deepcopy({name: value for name, value in ask.items() if name != "Tags"})
        made = self.kind.make(asked, self._here.programs)
        job = Job(self.names, self._folder, made, {one["Key"]: one["Value"] for one in ask.get("Tags", [])})
        with self._changed:
            if self._stopping:
                raise InvalidRecord("The engine stops.")
            if job.name.lower() in self._all:
                raise InUse(
                    "Job name must be unique within an AWS account and region, and a job with this name already "
                    f"exists ({job.arn})"
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
                raise InvalidRecord(f"The request was rejected because the {self._word} job is in status {job.status}.")
            if job.status != "Stopping":
                self._move(job, "Stopping")
                if instance := self._instances.get(job.name):
                    instance.stop()

    def tag(self, name: str, change: Callable[[dict[str, str]], None]) -> dict[str, str]:
        """Change the tags of a job; answer all it has."""
        with self._changed:
            job = self.find(name)
            change(job.tags)
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
            running = [job for job in self._all.values() if job.works]
            found = [job for job in running if fault.job.lower() in {"", job.name.lower()}][: fault.times]
            if len(found) < fault.times:
                raise UnknownFault(f"{fault.effect}: {len(found)} such {self._word} jobs run, not {fault.times}")
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
        self._instances[job.name] = self.kind.instance(
            copy.deepcopy(job.detail), layout=job.layout, here=self._here, held=held, tell=partial(self._note, job)
        )
        self._move(job, "InProgress")
        self._workers.start(self._work, job, held)

    def _work(self, job: Job, held: int) -> None:
        try:
            outcome = self._instances[job.name].work()
        except Exception as error:
            account.log.exception("%s job %s broke the engine's worker", self._word, job.name)
            outcome = Outcome(status="Failed", reason=f"InternalServerError: {error}")
        os.close(held)
        self._settle(job, outcome)

    def _note(self, job: Job, **changes: Any) -> None:
        """Keep what changes in a job's description while it works."""
        with self._changed:
            job.detail.update(changes, LastModifiedTime=time.time())
            job.save()

    def _bury(self, job: Job) -> None:
        """End a job that the last engine left, once nothing of it runs any more."""
        os.close(job.hold())
        self._settle(job, ended(STOPPED if job.status == "Stopping" else LOST, job.layout.message()))

    def _settle(self, job: Job, outcome: Outcome) -> None:
        job.layout.remove()
        with self._changed:
            self._instances.pop(job.name, None)
            self._move(job, outcome.status, outcome)

    def _move(self, job: Job, status: str, outcome: Outcome | None = None) -> None:
        """Change a job's status, on disk first, then for those who wait and listen."""
        changes = self.kind.beside(job.detail, status, outcome)
        job.detail.update(changes, **{self.names.of("JobStatus"): status}, LastModifiedTime=time.time())
        job.save()
        self._changed.notify_all()
        told = milliseconds({**copy.deepcopy(job.detail), "Tags": dict(job.tags)})
        self._workers.tell(self._emit, self.names.event, told, [job.arn])
