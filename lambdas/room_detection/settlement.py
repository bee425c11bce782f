"""How a job ends: its answer checked, written once in every format, its state made terminal, its ending told once."""

import json
import re
from typing import Any, cast

from botocore.exceptions import ClientError

from lambdas.room_detection import clients
from lambdas.room_detection.formats import FORMATS
from lambdas.room_detection.jobs import TERMINAL, Job, Jobs
from lambdas.room_detection.settings import ENDPOINT, JobSettings
from loupe import contracts
from loupe.metrics import count

_MAX_REASON = 500


class Settlement:
    """Ends jobs. Every method may run twice, at once or after a crash, and the job still ends once."""

    def __init__(self, settings: JobSettings) -> None:
        self._settings = settings
        self.jobs = Jobs(clients.table(settings.jobs_table))

    def succeed(self, job: Job, output_location: str) -> None:
        """Check the endpoint's answer and keep it; an answer that breaks its contract fails the job."""
        try:
            raw = self._read(output_location)
            if raw is None:
                raise FileNotFoundError(output_location)
            answer = self._keep(job["job_id"], contracts.check("room_detection/rooms", json.loads(raw)))
        except ValueError as error:
            self.fail(job, f"The detector's answer was refused: {error}")
            return
        self._end(job, {"state": "SUCCEEDED", "rooms": len(answer["rooms"])})

    def fail(self, job: Job, reason: str) -> None:
        self._end(job, {"state": "FAILED", "reason": one_line(reason)})

    def fail_as_told(self, job: Job, failure_location: str | None, told: str) -> None:
        """End a job that the endpoint failed; its failure object, if any, says more than the message."""
        raw = self._read(failure_location) if failure_location else None
        self.fail(job, spoken(raw.decode("utf-8", "replace") if raw else told))

    def look(self, job: Job) -> bool:
        """End a running job by what the endpoint left in S3, if it left anything."""
        if self._read(job["output_location"]) is not None:
            self.succeed(job, job["output_location"])
        elif (failure := self._read(job["failure_location"])) is not None:
            self.fail(job, spoken(failure.decode("utf-8", "replace")))
        else:
            return False
        return True

    def wait(self, job: Job) -> None:
        """Leave a running job to the endpoint for a while."""
        self.jobs.look_again(job, seconds=self._settings.look_again_seconds)

    def tell(self, job: Job) -> None:
        """Publish the ending, then close the job; a crash in between makes the sweep tell it again."""
        succeeded = job["state"] == "SUCCEEDED"
        folder = f"s3://{self._settings.results_bucket}/room_detection/{job['job_id']}"
        message = {
            "job_id": job["job_id"],
            "state": job["state"],
            "file_name": job["file_name"],
            "blueprint": f"s3://{job['bucket']}/{job['key']}",
            "reason": job.get("reason"),
            "rooms": job.get("rooms"),
            "results": {name: f"{folder}/{file}" for name, (file, _, _) in FORMATS.items()} if succeeded else {},
        }
        contracts.check("room_detection/notification", message)
        subject = f"Blueprint {job['state'].lower()}: {job['job_id']}"
        clients.sns().publish(
            TopicArn=self._settings.notification_topic, Message=json.dumps(message, ensure_ascii=False), Subject=subject
        )
        self.jobs.close(job["job_id"])

    def _end(self, job: Job, ending: dict[str, str | int]) -> None:
        if self.jobs.settle(job["job_id"], ending, retention_days=self._settings.job_retention_days):
            count("JobsSucceeded" if ending["state"] == "SUCCEEDED" else "JobsFailed", "room_detection")
            self.tell(cast("Job", {**job, **ending}))

    def _keep(self, job_id: str, answer: dict[str, Any]) -> dict[str, Any]:
        """Write the answer once. If a twin was faster, its answer stands and the other formats follow it."""
        for name, content_type, text in FORMATS.values():
            key = f"room_detection/{job_id}/{name}"
            written = self._add(key, text(answer).encode(), content_type)
            if name == "rooms.json" and not written:
                kept = clients.s3().get_object(Bucket=self._settings.results_bucket, Key=key)["Body"].read()
                answer = contracts.check("room_detection/rooms", json.loads(kept))
        return answer

    def _add(self, key: str, body: bytes, content_type: str) -> bool:
        bucket = self._settings.results_bucket
        try:
            clients.s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return False
        return True

    def _read(self, location: str) -> bytes | None:
        """The object at an s3:// address that is one of our endpoint's; None if there is nothing."""
        bucket, _, key = location.removeprefix("s3://").partition("/")
        if bucket != self._settings.results_bucket or not key.startswith(f"{ENDPOINT}/"):
            raise ValueError(f"{location} is not where our endpoint writes")
        try:
            return clients.s3().get_object(Bucket=bucket, Key=key)["Body"].read()
        except clients.s3().exceptions.NoSuchKey:
            return None


def is_settled(job: Job) -> bool:
    return job["state"] in TERMINAL


def spoken(failure: str) -> str:
    """The container's own sentence inside SageMaker's `… from primary with message "…". See https://…`."""
    found = re.search(r'with message "(.*)"', failure, re.DOTALL)
    return found[1] if found and found[1].strip() else failure


def one_line(text: str) -> str:
    return " ".join(text.split())[:_MAX_REASON] or "The endpoint failed without saying why."
