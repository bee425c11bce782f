"""What the stack tells this slice's functions."""

from dataclasses import dataclass

from loupe.settings import Settings

INCOMING = "data/ocr/"  # where datasets land in the project bucket
OUTPUT = "ocr/"  # where runs are kept in the results bucket
CONTAINER = "program"  # the job's one container


@dataclass(frozen=True, kw_only=True)
class RunSettings(Settings):
    """Where runs are recorded, their results kept and their endings told."""

    runs_table: str
    results_bucket: str
    notification_topic: str
    run_memory_days: int
    telling_seconds: int


@dataclass(frozen=True, kw_only=True)
class SubmitSettings(RunSettings):
    """Which job reads a dataset, with which model and at which pace."""

    project_bucket: str
    job_queue: str
    job_definition: str
    model: str
    rate_per_second: float
    checkpoint_rows: int
    max_in_flight: int
    lease_seconds: int
