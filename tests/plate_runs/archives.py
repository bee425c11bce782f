"""Small archives of plates, what runs leave in them, and the program as a process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from containers.plate_runs.dataset import Shard
from containers.plate_runs.ledger import build_ledger
from containers.plate_runs.models import MODELS
from containers.plate_runs.run import Task, run
from examples import plates

ROOT = Path(__file__).parents[2]
ALL = list(MODELS)
RUN_ID = "run-20260104-043258-877a06a6"
OTHER_ID = "run-20260105-053757-923adfbe"


def archive(folder: Path, count: int = 6, *, megapixels: float = 0.004) -> Path:
    plates.write(folder, count, megapixels=megapixels)
    return folder


def measure(dataset: Path | str, shard: str = "0/1", *, run_id: str = RUN_ID, **asked: Any) -> dict[str, Any]:
    """A shard in this process."""
    models = asked.pop("models", ALL)
    return run(Task(dataset=str(dataset), models=models, shard=Shard.of(shard), run_id=run_id, **asked))


def measured(folder: Path, count: int) -> Path:
    """An archive with a run and its ledger."""
    dataset = archive(folder, count)
    measure(dataset)
    build_ledger(str(dataset))
    return dataset


def program(dataset: Path | str, *words: str, **environment: str) -> "subprocess.Popen[str]":
    """The program, told everything by its environment, as a job is."""
    told = {"BWS_DATASET_S3_PREFIX": str(dataset), "BWS_MODELS": ",".join(ALL), "BWS_PLATE_SHARD": "0/1"}
    return subprocess.Popen(
        [sys.executable, "-m", "containers.plate_runs", *words],
        cwd=ROOT,
        env={**os.environ, **told, "BWS_RUN_ID": RUN_ID, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def plate(dataset: Path, number: int = 1) -> Path:
    return dataset / "plates_structured" / f"plate-{number:03}"


def run_folder(dataset: Path, number: int = 1, run_id: str = RUN_ID) -> Path:
    return plate(dataset, number) / "runs" / run_id


def facts(dataset: Path, name: str, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run_folder(dataset, number) / name).read_text())
    return found


def tree(dataset: Path) -> dict[str, bytes]:
    """Everything below the plates."""
    top = dataset / "plates_structured"
    return {str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}


def written(dataset: Path) -> dict[str, tuple[int, int]]:
    """When and as which file everything was written that is there."""
    files = [path for path in dataset.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def reports(dataset: Path, run_id: str = RUN_ID) -> dict[str, dict[str, Any]]:
    """What the shards of a run reported, by name."""
    folder = dataset / "reports" / run_id
    return {path.name: json.loads(path.read_text()) for path in sorted(folder.glob("shard-*.json"))}


def counts(report: dict[str, Any]) -> tuple[int, ...]:
    """Plates that were processed, skipped, refused, and in error."""
    return tuple(report[name] for name in ("plates_processed", "plates_skipped", "plates_refused", "errors"))
