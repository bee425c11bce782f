"""Jobs as their owners may see them, and links to what was found."""

import base64
import json
import re
from typing import Any

from lambdas.room_detection import clients
from lambdas.room_detection.formats import FORMATS
from lambdas.room_detection.jobs import Job, Jobs
from lambdas.room_detection.settings import StatusSettings
from loupe.replies import Refusal

LINK_SECONDS = 3600
MAX_PAGE = 100
_INLINE_BYTES = 5 * 2**20
_JOB_ID = re.compile(r"[0-9a-f]{32}")
_SHOWN = ("job_id", "state", "file_name", "created_at", "updated_at", "reason", "rooms")


class History:
    """Reads on behalf of callers, each of whom sees the jobs of their own names only."""

    def __init__(self, settings: StatusSettings) -> None:
        self._settings = settings
        self._jobs = Jobs(clients.table(settings.jobs_table))

    def page(self, owner: str, limit: str, token: str | None) -> dict[str, Any]:
        """One page of the owner's jobs, newest first."""
        if not (limit.isascii() and limit.isdecimal() and 1 <= int(limit) <= MAX_PAGE):
            raise Refusal(400, "invalid_request", f"limit is a number from 1 to {MAX_PAGE}.")
        jobs, after = self._jobs.of_owner(owner, limit=int(limit), after=_start(token, owner) if token else None)
        return {"jobs": [_shown(job) for job in jobs]} | ({"next": _token(after)} if after else {})

    def job(self, job_id: str, callers: tuple[str, ...]) -> dict[str, Any]:
        """The job with links to its results."""
        job = self._own(job_id, callers)
        links = {"results": {name: self._link(job_id, name) for name in FORMATS}} if job["state"] == "SUCCEEDED" else {}
        return _shown(job) | links

    def answer(self, job_id: str, callers: tuple[str, ...], name: str) -> tuple[str, str]:
        """Content type and text of the answer in one format."""
        job = self._own(job_id, callers)
        if name not in FORMATS:
            raise Refusal(400, "invalid_request", f"format is one of {', '.join(FORMATS)}.")
        if job["state"] != "SUCCEEDED":
            why = job.get("reason", "It has not ended yet.")
            raise Refusal(409, "no_rooms", f"Job {job_id} is {job['state']}: {why}")
        file, content_type, _ = FORMATS[name]
        found = clients.s3().get_object(Bucket=self._settings.results_bucket, Key=f"room_detection/{job_id}/{file}")
        if found["ContentLength"] > _INLINE_BYTES:
            raise Refusal(413, "answer_too_large", f"Use the link under results.{name} of GET /blueprints/{job_id}.")
        return content_type, found["Body"].read().decode()

    def _own(self, job_id: str, callers: tuple[str, ...]) -> Job:
        job = self._jobs.get(job_id) if _JOB_ID.fullmatch(job_id) else None
        if job is None or job["owner"] not in callers:
            raise Refusal(404, "job_not_found", f"You have no job {job_id[:64]!r}.")
        return job

    def _link(self, job_id: str, name: str) -> str:
        place = {"Bucket": self._settings.results_bucket, "Key": f"room_detection/{job_id}/{FORMATS[name][0]}"}
        return clients.s3().generate_presigned_url("get_object", Params=place, ExpiresIn=LINK_SECONDS)


def _shown(job: Job) -> dict[str, Any]:
    return {name: job[name] for name in _SHOWN if name in job}  # type: ignore[literal-required]  # _SHOWN are a job's fields


def _token(after: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([after["job_id"], after["created_at"]]).encode()).decode()


def _start(token: str, owner: str) -> dict[str, Any]:
    try:
        job_id, created_at = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError) as error:
        raise Refusal(400, "invalid_request", "next is not a token that this list gave.") from error
    return {"job_id": str(job_id), "created_at": str(created_at), "owner": owner}
