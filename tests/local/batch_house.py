"""A laptop with a Batch queue, and the words that a test speaks to it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.laptop import Laptop
from tests.local.assemblies import write_assembly
from tests.local.batch_assemblies import PROGRAM
from tests.local.house import Detail, House, soon

ENDED = {"SUCCEEDED", "FAILED"}
EXITED = "Essential container in task exited"
SPOT = "Your Spot Task was interrupted."


@dataclass
class BatchHouse(House):
    """The stack `Jobs` of a laptop."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.batch = self.laptop.client("batch")

    def submit(self, *command: str, name: str = "job", **more: Any) -> str:
        """Submit a job that does what its command says; answers its id."""
        containers = [{"command": list(command), **more.pop("container", {})}]
        override = {"taskProperties": [{"containers": containers}]}
        asked = {"jobQueue": self.ids["JobQueue"], "jobDefinition": self.ids["Definition"], **more}
        return str(self.batch.submit_job(jobName=name, ecsPropertiesOverride=override, **asked)["jobId"])

    def submit_older(self, **more: Any) -> str:
        """Submit a job of the definition in the older shape."""
        asked = {"jobQueue": self.ids["JobQueue"], "jobDefinition": self.ids["Older"], **more}
        return str(self.batch.submit_job(jobName="older", **asked)["jobId"])

    def job(self, job_id: str) -> Detail:
        """A job as DescribeJobs tells it."""
        [job] = self.batch.describe_jobs(jobs=[job_id])["jobs"]
        return dict(job)

    def ended(self, job_id: str) -> Detail:
        """A job once it has ended."""
        soon(lambda: self.job(job_id)["status"] in ENDED)
        return self.job(job_id)

    def ready(self, job_id: str) -> None:
        """Return once the program of a job says that it is ready to be stopped."""
        soon(lambda: "ready" in self.lines(job_id))

    def lines(self, job_id: str) -> list[str]:
        """What the job's last attempt has written to CloudWatch Logs."""
        stream = worker(self.job(job_id)).get("logStreamName")
        if not stream:
            return []
        logs, where = self.laptop.client("logs"), {"logGroupName": self.ids["Logs"], "logStreamName": stream}
        try:
            return [event["message"] for event in logs.get_log_events(**where)["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return []

    def heard(self, job_id: str, *, last: str) -> list[Detail]:
        """The events of a job until its last status, in the order of their sending."""
        return self.hear(lambda told: told["jobId"] == job_id, until=lambda told: told["status"] == last)

    def strike(self, effect: str, job_id: str) -> None:
        """Let a running task be taken back, or reach its time limit."""
        self.laptop.inject({"action": "ecs:StopTask", "effect": effect, "times": 1, "job": job_id})


def worker(job: Detail) -> Detail:
    """A job's container, in the newer shape."""
    return dict(job["ecsProperties"]["taskProperties"][0]["containers"][0])


def exits(job: Detail) -> list[tuple[int | None, str]]:
    """Exit code and status reason of each attempt."""
    return [
        (attempt["taskProperties"][0]["containers"][0].get("exitCode"), attempt["statusReason"])
        for attempt in job["attempts"]
    ]


def house_of(laptop: Laptop, folder: Path, resources: dict[str, Any]) -> BatchHouse:
    laptop.up(write_assembly(folder, {"Jobs": resources}, program=PROGRAM))
    return BatchHouse(laptop)
