"""Runs of the OCR program in this process and in processes of their own, quick unless asked otherwise."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from containers.ocr.run import Task, run
from containers.ocr.settings import OcrSettings
from tests.ocr.hostile import KEY, Hostile

ROOT = Path(__file__).parents[2]


def settings(service: Hostile, **changes: Any) -> OcrSettings:
    quick: dict[str, Any] = {"ocr_retry_milliseconds": 10, "ocr_timeout_seconds": 10}
    return OcrSettings(ocr_url=service.url, ocr_key=KEY, **{**quick, **changes})


def label(table: Path, out: Path, service: Hostile, *, timeout: int = 10, **asked: Any) -> dict[str, Any]:
    """A run in this process, quick unless asked otherwise."""
    quick: dict[str, Any] = {"batch_size": 20, "rate": 500.0, "concurrency": 8}
    task = Task(dataset=str(table), output=str(out), **{**quick, **asked})
    return run(task, settings(service, ocr_timeout_seconds=timeout))


def program(
    table: Path, out: Path, service: Hostile, *flags: str, stderr: int = subprocess.PIPE
) -> "subprocess.Popen[str]":
    """The same as a process."""
    environment = {**os.environ, **settings(service).to_environ()}
    flags = ("--dataset", str(table), "--output", str(out), "--batch-size", "20", "--rate", "200", *flags)
    command = [sys.executable, "-m", "containers.ocr", "run", *flags]
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=stderr)


def written(out: Path) -> dict[str, bytes]:
    """The output: everything but what attempts kept for the next one, and drafts that a killed one left hidden."""
    return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if not path.name.startswith(("kept-", "."))}
