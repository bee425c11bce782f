"""One job on disk: what DescribeJobs tells of it, where it was placed, and the lock that its running task holds."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from local.batch import details, tasks
from local.batch.requests import Record

LIVE = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
PLACED = ("STARTING", "RUNNING")
KEPT_MS = 7 * 24 * 3600 * 1000


@dataclass
class Job:
    """A job and the compute environment that its last attempt was placed in."""

    folder: Path
    detail: Record
    environment: str = ""

    @property
    def id(self) -> str:
        """The job's id."""
        return str(self.detail["jobId"])

    @property
    def status(self) -> str:
        """The job's status."""
        return str(self.detail["status"])

    @property
    def vcpus(self) -> float:
        """What the job takes of its compute environment."""
        return tasks.task_of(self.detail).vcpus

    def save(self) -> None:
        """Write the job; a reader sees the old or the new one."""
        draft = self._file(".draft")
        draft.write_text(json.dumps({"detail": self.detail, "environment": self.environment}))
        draft.replace(self._file(".json"))

    def hold(self) -> int:
        """A file that stays locked while anybody has it open: this engine, or the task that outlives it."""
        held = os.open(self._file(".lock"), os.O_CREAT | os.O_RDWR)
        fcntl.flock(held, fcntl.LOCK_EX)
        return held

    def forget(self) -> None:
        """Delete the job's files."""
        for suffix in (".json", ".lock"):
            self._file(suffix).unlink(missing_ok=True)

    def _file(self, suffix: str) -> Path:
        return self.folder / f"{self.id}{suffix}"


def read_jobs(folder: Path) -> dict[str, Job]:
    """The jobs that live, and those that ended in the last seven days, oldest first."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [Job(folder, **json.loads(file.read_text())) for file in folder.glob("*.json")]
    oldest = details.now_ms() - KEPT_MS
    for job in found:
        if job.status not in LIVE and job.detail["stoppedAt"] < oldest:
            job.forget()
    kept = [job for job in found if job.status in LIVE or job.detail["stoppedAt"] >= oldest]
    return {job.id: job for job in sorted(kept, key=lambda job: int(job.detail["createdAt"]))}
