"""One job on disk: what DescribeJobs tells of it, and where it was placed."""

from dataclasses import dataclass
from pathlib import Path

from local.batch import details, tasks
from local.batch.requests import Record
from local.kept import Kept, read_all

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
        """Write the job."""
        self._kept.write({"detail": self.detail, "environment": self.environment})

    def hold(self) -> int:
        """The lock of the job, which its running task holds open."""
        return self._kept.hold()

    def forget(self) -> None:
        """Delete the job's files."""
        self._kept.forget()

    @property
    def _kept(self) -> Kept:
        return Kept(self.folder, self.id)


def read_jobs(folder: Path) -> dict[str, Job]:
    """The jobs that live, and those that ended in the last seven days, oldest first."""
    found = [Job(folder, **record) for record in read_all(folder)]
    oldest = details.now_ms() - KEPT_MS
    for job in found:
        if job.status not in LIVE and job.detail["stoppedAt"] < oldest:
            job.forget()
    kept = [job for job in found if job.status in LIVE or job.detail["stoppedAt"] >= oldest]
    return {job.id: job for job in sorted(kept, key=lambda job: int(job.detail["createdAt"]))}
