"""What the stack tells this slice's functions, and where they write in the project bucket."""

from dataclasses import dataclass

from loupe.settings import Settings

METRICS = "analytics/metrics/"
VERIFICATION = "metadata/verification/"


@dataclass(frozen=True, kw_only=True)
class MetricsSettings(Settings):
    """Which buckets and model groups (with commas between) are looked at, and what slices run on."""

    blueprints_bucket: str
    results_bucket: str
    project_bucket: str
    model_groups: str
    endpoint_instance: str
    processing_instance: str
    ocr_vcpu: float
    ocr_memory_gib: float
    usd_per_page: float


@dataclass(frozen=True, kw_only=True)
class VerifySettings(Settings):
    """What is verified, for how long at a time, and where damage is told."""

    project_bucket: str
    notification_topic: str
    leg_seconds: int
