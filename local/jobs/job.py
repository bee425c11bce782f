"""One job on disk: what SageMaker describes of it, and its tags."""

from dataclasses import dataclass, field
from pathlib import Path

from local.jobs.layout import Layout
from local.jobs.names import Names
from local.kept import Kept, read_all
from local.models import Record


@dataclass
class Job:
    """A job; its name is its id, whatever its case."""

    names: Names
    folder: Path
    detail: Record
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The job's name as it was given."""
        return str(self.detail[self.names.of("JobName")])

    @property
    def arn(self) -> str:
        """The job's ARN."""
        return str(self.detail[self.names.of("JobArn")])

    @property
    def status(self) -> str:
        """The job's status."""
        return str(self.detail[self.names.of("JobStatus")])

    @property
    def works(self) -> bool:
        """Whether the job's program runs."""
        return self.status == "InProgress" and self.names.of("StartTime") in self.detail

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


def read_jobs(folder: Path, names: Names) -> dict[str, Job]:
    """All jobs there ever were: a name is never free again."""
    found = [Job(names, folder, **record) for record in read_all(folder)]
    return {job.name.lower(): job for job in found}
