"""What the stack tells this slice's functions."""

from dataclasses import dataclass

from loupe.settings import Settings

BY_OWNER, UNSETTLED = "by_owner", "unsettled"  # the job table's indexes
ENDPOINT = "room_detection/endpoint"  # where the endpoint reads and writes in the results bucket


@dataclass(frozen=True, kw_only=True)
class JobSettings(Settings):
    """Where jobs are recorded, answers kept and endings told: every function that may settle a job needs it."""

    jobs_table: str
    results_bucket: str
    notification_topic: str
    job_retention_days: int
    look_again_seconds: int


@dataclass(frozen=True, kw_only=True)
class TriggerSettings(JobSettings):
    """How a blueprint is handed to the endpoint, and how long that may take."""

    endpoint_name: str
    max_upload_mib: int
    claim_seconds: int
    queued_seconds: int
    queue_ttl_seconds: int
    invocation_timeout_seconds: int


@dataclass(frozen=True, kw_only=True)
class UploadSettings(Settings):
    """What may be uploaded, where to, and for how long a form is good."""

    jobs_table: str
    blueprints_bucket: str
    max_upload_mib: int
    upload_link_seconds: int


@dataclass(frozen=True, kw_only=True)
class StatusSettings(Settings):
    """Where jobs and answers are read from."""

    jobs_table: str
    results_bucket: str
