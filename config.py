"""Every number that differs between environments: DEV, STAGING, PROD and LAPTOP, frozen and checked on construction."""

import re
from dataclasses import dataclass, field


class UnknownEnvironment(ValueError):
    """An environment name that has no configuration; the text lists those that have."""


@dataclass(frozen=True, kw_only=True)
class RoomDetectionConfig:
    """Limits and capacities of the blueprint → rooms slice."""

    instance_type: str = "ml.m5.xlarge"
    max_instances: int = 2
    invocations_per_instance: int = 4
    backlog_per_instance: int = 5
    max_upload_mib: int = 50
    max_megapixels: int = 100
    max_pages: int = 20
    pdf_dpi: int = 200
    upload_link_minutes: int = 60
    queue_ttl_minutes: int = 60
    invocation_timeout_minutes: int = 15
    function_timeout_seconds: int = 60
    redelivery_seconds: int = 360
    queued_minutes: int = 60
    look_again_seconds: int = 300
    sweep_minutes: int = 5
    raw_output_days: int = 30
    job_retention_days: int = 365
    model_image_uri: str = ""

    def __post_init__(self) -> None:
        _within("max_instances", self.max_instances, 1, 100)
        _within("invocations_per_instance", self.invocations_per_instance, 1, 1000)
        _within("queue_ttl_minutes", self.queue_ttl_minutes, 1, 360)
        _within("invocation_timeout_minutes", self.invocation_timeout_minutes, 1, 60)
        _within("max_upload_mib", self.max_upload_mib, 1, 1024)
        _within("sweep_minutes", self.sweep_minutes, 1, 60)
        _within("redelivery_seconds", self.redelivery_seconds, self.function_timeout_seconds, 43_200)


_MEMORY_MIB = {
    ".25": (512, 1024, 2048),
    ".5": (1024, 2048, 3072, 4096),
    "1": tuple(range(2048, 8193, 1024)),
    "2": tuple(range(4096, 16385, 1024)),
    "4": tuple(range(8192, 30721, 1024)),
}  # what Fargate offers beside so many vCPUs


@dataclass(frozen=True, kw_only=True)
class OcrConfig:
    """Pace, price and size of a run over a table of page images, and how long it may take."""

    service_url: str = "https://api.upstage.ai"  # a change of it empties the secret's key
    model: str = "ocr"
    rate_per_second: float = 3.0
    max_in_flight: int = 64
    checkpoint_rows: int = 500
    usd_per_page: float = 0.0015
    vcpu: str = ".25"
    memory_mib: int = 1024
    max_vcpus: int = 1
    attempts: int = 5
    attempt_hours: int = 96
    waiting_hours: int = 24
    stop_seconds: int = 110
    function_timeout_seconds: int = 60
    redelivery_seconds: int = 360
    run_memory_days: int = 365

    def __post_init__(self) -> None:
        if not self.service_url.startswith("https://"):
            raise ValueError(f"service_url must start with https://, not {self.service_url!r}")
        if self.memory_mib not in _MEMORY_MIB.get(self.vcpu, ()):
            raise ValueError(f"Fargate has no {self.vcpu} vCPU with {self.memory_mib} MiB")
        _within("rate_per_second", self.rate_per_second, 0.1, 100)
        _within("max_in_flight", self.max_in_flight, 1, 1000)
        _within("checkpoint_rows", self.checkpoint_rows, 1, 100_000)
        _within("usd_per_page", self.usd_per_page, 0, 10)
        _within("max_vcpus", self.max_vcpus, max(1, float(self.vcpu)), 100)
        _within("attempts", self.attempts, 1, 10)
        _within("attempt_hours", self.attempt_hours, 1, 14 * 24)
        _within("waiting_hours", self.waiting_hours, 1, 24)
        _within("stop_seconds", self.stop_seconds, 30, 120)
        _within("redelivery_seconds", self.redelivery_seconds, self.lease_seconds, 43_200)
        _within("run_memory_days", self.run_memory_days, 30, 3650)

    @property
    def lease_seconds(self) -> int:
        """How long a submitter holds a run: longer than its function can live, so an expired holder is a dead one."""
        return self.function_timeout_seconds + 30


@dataclass(frozen=True, kw_only=True)
class PlateRunsConfig:
    """What a run over an archive of plates is unless its input says more, on which machines, and how patiently."""

    models: tuple[str, ...] = ("cpu-baseline-v1", "segmentation-otsu-v1")
    shards: int = 4
    most_shards: int = 32
    jobs_at_once: int = 4
    instance_type: str = "ml.m5.large"
    volume_gib: int = 10
    job_hours: int = 6
    attempts: int = 3
    quota_attempts: int = 12
    retry_seconds: int = 60
    function_timeout_seconds: int = 60
    schedule: str = ""  # cron(...) or rate(...); none without it
    scheduled_dataset: str = "plates"

    def __post_init__(self) -> None:
        if not self.models:
            raise ValueError("models must name at least one model")
        _schedule("schedule", self.schedule)
        _within("most_shards", self.most_shards, 1, 40)
        _within("shards", self.shards, 1, self.most_shards)
        _within("jobs_at_once", self.jobs_at_once, 1, 40)
        _within("volume_gib", self.volume_gib, 1, 16_384)
        _within("job_hours", self.job_hours, 1, 9 * 24)
        _within("attempts", self.attempts, 1, 10)
        _within("quota_attempts", self.quota_attempts, 0, 99)
        _within("retry_seconds", self.retry_seconds, 1, 600)


@dataclass(frozen=True, kw_only=True)
class ArchiveConfig:
    """When the project is verified and measured, how long at a time, and which families of models it registers."""

    verify_schedule: str = "cron(0 3 * * ? *)"  # cron(...) or rate(...); none without it
    metrics_schedule: str = "cron(0 5 * * ? *)"
    leg_seconds: int = 420  # a step after it must fit into what is left of the function's time
    function_timeout_seconds: int = 900
    retry_seconds: int = 60
    memory_mib: int = 1769
    model_families: tuple[str, ...] = ("card-recognition", "titanic-survival")

    def __post_init__(self) -> None:
        for name in ("verify_schedule", "metrics_schedule"):
            _schedule(name, getattr(self, name))
        _within("function_timeout_seconds", self.function_timeout_seconds, 1, 900)
        _within("leg_seconds", self.leg_seconds, 0, self.function_timeout_seconds / 2)
        _within("retry_seconds", self.retry_seconds, 1, 600)
        _within("memory_mib", self.memory_mib, 128, 10_240)
        if not self.model_families:
            raise ValueError("model_families must name at least one family")
        for family in self.model_families:
            if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", family):
                raise ValueError(f"model_families has {family!r}: small letters, digits and hyphens between them only")


@dataclass(frozen=True, kw_only=True)
class ModelBuildConfig:
    """What a model must reach to be registered, in which family, and on which machines it is built."""

    family: str = "titanic-survival"
    accuracy_threshold: float = 0.78
    instance_type: str = "ml.m5.large"
    step_minutes: int = 30
    retry_seconds: int = 60
    schedule: str = ""  # cron(...) or rate(...); none without it
    scheduled_commit: str = ""  # whose bundle it runs

    def __post_init__(self) -> None:
        _schedule("schedule", self.schedule)
        if self.schedule and not re.fullmatch("[0-9a-f]{40}", self.scheduled_commit):
            raise ValueError(f"scheduled_commit must be a commit's 40 digits, not {self.scheduled_commit!r}")
        _within("accuracy_threshold", self.accuracy_threshold, 0, 1)
        _within("step_minutes", self.step_minutes, 1, 5 * 24 * 60)
        _within("retry_seconds", self.retry_seconds, 1, 3600)


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """How large the function is, how soon it sees a new version, which images it takes; where versions are built."""

    memory_mib: int = 1769  # of which Lambda gives one whole vCPU
    function_timeout_seconds: int = 29  # the API gives up after 30
    look_again_seconds: int = 30
    rows_in_memory_mib: int = 256  # of float32 rows; larger versions are read row by row
    max_image_mib: int = 4  # Lambda takes 6 MB, in which an image is a third larger
    max_megapixels: int = 50
    instance_type: str = "ml.m5.large"
    volume_gib: int = 30
    job_hours: int = 6

    def __post_init__(self) -> None:
        _within("memory_mib", self.memory_mib, 512, 10_240)
        _within("function_timeout_seconds", self.function_timeout_seconds, 5, 29)
        _within("look_again_seconds", self.look_again_seconds, 0, 3600)
        _within("rows_in_memory_mib", self.rows_in_memory_mib, 0, self.memory_mib // 4)
        _within("max_image_mib", self.max_image_mib, 1, 4)
        _within("max_megapixels", self.max_megapixels, 1, 100)
        _within("volume_gib", self.volume_gib, 1, 16_384)
        _within("job_hours", self.job_hours, 1, 5 * 24)


@dataclass(frozen=True, kw_only=True)
class ApiConfig:
    """How much the HTTP API takes, and from which web origins (none by default)."""

    requests_per_second: int = 50
    burst: int = 100
    cors_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _within("requests_per_second", self.requests_per_second, 1, 10_000)
        _within("burst", self.burst, self.requests_per_second, 10_000)


@dataclass(frozen=True, kw_only=True)
class Config:
    """One environment of the platform."""

    environment: str
    retain_data: bool
    log_retention_days: int
    owner: str = "loupe"
    cost_center: str = "loupe"
    break_glass_role: str = "loupe-break-glass"
    libraries_of_this_machine: bool = False
    room_detection: RoomDetectionConfig = field(default_factory=RoomDetectionConfig)
    ocr: OcrConfig = field(default_factory=OcrConfig)
    plate_runs: PlateRunsConfig = field(default_factory=PlateRunsConfig)
    archive: ArchiveConfig = field(default_factory=ArchiveConfig)
    model_build: ModelBuildConfig = field(default_factory=ModelBuildConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    api: ApiConfig = field(default_factory=ApiConfig)

    def __post_init__(self) -> None:
        if not self.environment.isalnum() or not self.environment.islower():
            raise ValueError(f"environment must be lower-case letters and digits, not {self.environment!r}")
        if self.model_build.family not in self.archive.model_families:
            raise ValueError(f"model_families must name {self.model_build.family!r}, which model_build registers in")

    @property
    def tags(self) -> dict[str, str]:
        """What every resource is tagged with, and every job that is started."""
        told = {"project": "loupe", "env": self.environment, "owner": self.owner}
        return {**told, "managed_by": "cdk", "cost_center": self.cost_center}


def _schedule(name: str, value: str) -> None:
    if value and not value.startswith(("cron(", "rate(")):
        raise ValueError(f"{name} must be cron(...), rate(...) or nothing, not {value!r}")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}, not {value}")


DEV = Config(environment="dev", retain_data=False, log_retention_days=14)
STAGING = Config(environment="staging", retain_data=True, log_retention_days=30)
PROD = Config(
    environment="prod",
    retain_data=True,
    log_retention_days=365,
    room_detection=RoomDetectionConfig(max_instances=10),
    ocr=OcrConfig(attempts=10, attempt_hours=14 * 24),
    api=ApiConfig(requests_per_second=200, burst=400),
)
LAPTOP = Config(
    environment="laptop",
    retain_data=False,
    log_retention_days=1,
    libraries_of_this_machine=True,
    room_detection=RoomDetectionConfig(
        max_instances=1,
        invocation_timeout_minutes=2,
        function_timeout_seconds=15,
        redelivery_seconds=20,
        queued_minutes=10,
        look_again_seconds=20,
        sweep_minutes=1,
    ),
    ocr=OcrConfig(
        attempts=3,
        attempt_hours=1,
        waiting_hours=1,
        stop_seconds=30,
        function_timeout_seconds=15,
        redelivery_seconds=60,
    ),
    plate_runs=PlateRunsConfig(shards=2, jobs_at_once=2, job_hours=1, retry_seconds=1, function_timeout_seconds=15),
    archive=ArchiveConfig(
        verify_schedule="", metrics_schedule="", leg_seconds=0, function_timeout_seconds=60, retry_seconds=1
    ),
    model_build=ModelBuildConfig(retry_seconds=1),
    search=SearchConfig(look_again_seconds=1, job_hours=1),
)

_ENVIRONMENTS = {config.environment: config for config in (DEV, STAGING, PROD, LAPTOP)}


def config_for(environment: str) -> Config:
    """The configuration that `cdk deploy -c env=<environment>` picks."""
    if environment not in _ENVIRONMENTS:
        known = ", ".join(_ENVIRONMENTS)
        raise UnknownEnvironment(f"Unknown environment {environment!r}: choose one of {known}.")
    return _ENVIRONMENTS[environment]
