"""From an arrived blueprint to a running job: claimed once, copied under a plain name, given to the endpoint."""

from botocore.exceptions import ClientError

from lambdas.room_detection import clients
from lambdas.room_detection.blueprints import Arrival, content_type, refusal
from lambdas.room_detection.settings import ENDPOINT, TriggerSettings
from lambdas.room_detection.settlement import Settlement
from loupe.metrics import count

_GRACE_SECONDS = 300
_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404"})


class Handover:
    """Gives arrivals to the endpoint. Safe to repeat: whoever claims the job hands it over, the others leave it."""

    def __init__(self, settings: TriggerSettings) -> None:
        self._settings = settings
        self._settlement = Settlement(settings)
        self._jobs = self._settlement.jobs

    def accept(self, arrival: Arrival) -> str | None:
        """Return the id of the job that this call moved on; None where there was nothing to do."""
        if arrival.key.endswith("/"):
            return None
        job_id = self._claim(arrival)
        if job_id is not None:
            count("BlueprintsAccepted", "room_detection")
            self._advance(job_id, arrival)
        return job_id

    def _claim(self, arrival: Arrival) -> str | None:
        carried = [(arrival.carried_id, True)] if arrival.carried_id else []
        for job_id, expected in [*carried, (arrival.derived_id, False)]:
            if self._take(job_id, arrival, expected=expected):
                return job_id
            job = self._jobs.get(job_id)
            if job is not None and job.get("version_id") == arrival.version_id:
                return None
        return None

    def _take(self, job_id: str, arrival: Arrival, *, expected: bool) -> bool:
        seconds, queued = self._settings.claim_seconds, self._settings.queued_seconds
        return self._jobs.claim(job_id, arrival, seconds=seconds, queued_seconds=queued, expected=expected)

    def _advance(self, job_id: str, arrival: Arrival) -> None:
        reason = refusal(arrival.file_name, arrival.size, limit_mib=self._settings.max_upload_mib)
        try:
            reason = reason or self._hand_over(job_id, arrival)
        except Exception as error:
            self._jobs.note_error(job_id, str(error)[:500])
            raise
        if reason and (job := self._jobs.get(job_id)):
            self._settlement.fail(job, reason)

    def _hand_over(self, job_id: str, arrival: Arrival) -> str | None:
        """Copy the version that arrived to a plain key, for headers carry ASCII only, and invoke the endpoint on it."""
        settings, copy = self._settings, f"{ENDPOINT}/input/{job_id}"
        try:
            clients.s3().copy_object(
                CopySource={"Bucket": arrival.bucket, "Key": arrival.key, "VersionId": arrival.version_id},
                Bucket=settings.results_bucket,
                Key=copy,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return "The blueprint was deleted before it could be read."
            raise
        invoked = clients.sagemaker_runtime().invoke_endpoint_async(
            EndpointName=settings.endpoint_name,
            InputLocation=f"s3://{settings.results_bucket}/{copy}",
            ContentType=content_type(arrival.file_name) or "application/octet-stream",
            Accept="application/json",
            InferenceId=job_id,
            RequestTTLSeconds=settings.queue_ttl_seconds,
            InvocationTimeoutSeconds=settings.invocation_timeout_seconds,
        )
        self._jobs.run(
            job_id,
            output=invoked["OutputLocation"],
            failure=invoked["FailureLocation"],
            look_after=settings.look_again_seconds,
            seconds=settings.queue_ttl_seconds + settings.invocation_timeout_seconds + _GRACE_SECONDS,
        )
        return None
