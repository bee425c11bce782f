"""One processing job on disk: what DescribeProcessingJob tells of it, and its tags."""

from dataclasses import dataclass, field
from pathlib import Path

from local.kept import Kept, read_all
from local.models import Record
from local.processing.layout import Layout

ENDED = ("Completed", "Failed", "Stopped")


@dataclass
class Job:
    """A job; its name is its id, whatever its case."""

    folder: Path
    detail: Record
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The job's name as it was given."""
        return str(self.detail["ProcessingJobName"])

    @property
    def status(self) -> str:
        """The job's status."""
        return str(self.detail["ProcessingJobStatus"])

    @property
    def layout(self) -> Layout:
        """The job's /opt/ml."""
        return Layout(self.folder / self.name.lower())

    def save(self) -> None:
        """Write the job."""
        self._kept.write({"detail": self.detail, "tags": self.tags})

    def hold(self) -> int:
        """The lock of the job, which its running program holds open."""
        return self._kept.hold()

    @property
    def _kept(self) -> Kept:
        return Kept(self.folder, self.name.lower())


def read_jobs(folder: Path) -> dict[str, Job]:
    """All jobs there ever were: a name is never free again."""
    found = [Job(folder, **record) for record in read_all(folder)]
    return {job.name.lower(): job for job in found}
