"""One environment by name, checked when it is made."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import (
    DEV,
    LAPTOP,
    PROD,
    STAGING,
    ArchiveConfig,
    Config,
    OcrConfig,
    RoomDetectionConfig,
    UnknownEnvironment,
    config_for,
)

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("config", [DEV, STAGING, PROD, LAPTOP])
def test_an_environment_is_found_by_its_name(config: Config) -> None:
    assert config_for(config.environment) is config


def test_an_unknown_environment_is_one_line_that_lists_the_known_ones() -> None:
    with pytest.raises(
        UnknownEnvironment, match=r"Unknown environment 'qa': choose one of dev, staging, prod, laptop\."
    ):
        config_for("qa")


def test_the_app_refuses_an_unknown_environment_in_one_line() -> None:
    environ = {**os.environ, "CDK_CONTEXT_JSON": '{"env": "qa"}'}
    run = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.strip() == "Unknown environment 'qa': choose one of dev, staging, prod, laptop."


def test_a_number_out_of_its_range_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="queue_ttl_minutes must be between 1 and 360, not 361"):
        RoomDetectionConfig(queue_ttl_minutes=361)


def test_a_message_is_never_redelivered_while_a_function_may_still_work_on_it() -> None:
    with pytest.raises(ValueError, match="redelivery_seconds must be between 60"):
        RoomDetectionConfig(function_timeout_seconds=60, redelivery_seconds=59)


def test_data_is_kept_where_people_rely_on_it() -> None:
    assert [config.environment for config in (DEV, STAGING, PROD, LAPTOP) if config.retain_data] == ["staging", "prod"]


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ({"memory_mib": 4096}, r"Fargate has no \.25 vCPU with 4096 MiB"),
        ({"attempt_hours": 337}, "attempt_hours must be between 1 and 336, not 337"),
        ({"attempts": 11}, "attempts must be between 1 and 10, not 11"),
        ({"rate_per_second": 0.0}, r"rate_per_second must be between 0\.1 and 100, not 0\.0"),
        ({"service_url": "http://ocr.example.com"}, "service_url must start with https://"),
        ({"redelivery_seconds": 89}, "redelivery_seconds must be between 90"),
    ],
)
def test_an_ocr_run_that_aws_would_refuse_is_refused_here(numbers: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        OcrConfig(**numbers)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"verify_schedule": "daily"},
            r"verify_schedule must be cron\(\.\.\.\), rate\(\.\.\.\) or nothing, not 'daily'",
        ),
        ({"leg_seconds": 451}, r"leg_seconds must be between 0 and 450\.0, not 451"),
        ({"function_timeout_seconds": 901}, "function_timeout_seconds must be between 1 and 900, not 901"),
        ({"model_families": ("Card_Recognition",)}, "model_families has 'Card_Recognition'"),
        ({"model_families": ()}, "model_families must name at least one family"),
    ],
)
def test_an_archive_that_could_not_be_verified_or_registered_is_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ArchiveConfig(**given)
