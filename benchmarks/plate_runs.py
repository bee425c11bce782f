"""What plate runs cost, beside decoding and the obvious job: `python -m benchmarks.plate_runs [--runs 1000000]`."""

import argparse
import hashlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks import plate_runs_obvious
from containers.plate_runs.dataset import Dataset, Shard
from containers.plate_runs.models import MODELS
from containers.plate_runs.plate import Ending, PlateRun
from containers.plate_runs.run import Task, run
from containers.plate_runs.schemas import Schemas
from examples import plates
from loupe import artifacts
from loupe.claims import Claim

ROOT = Path(__file__).parent.parent
ROUNDS = 7
MEGAPIXELS = (12.0, 12.0, 12.0, 3.0, 0.8)
SHARDED_PLATES = 120
RUN_ID = "run-20260104-043258-877a06a6"


def features(folder: Path, console: Console) -> None:
    """One plate in a folder, from its manifest to its seal; decoding, our program and the obvious job take turns."""
    shown = Table("megapixels", "JPEG MB", "decode + hash", "loupe", "÷", "obvious job", "÷", title="CPU ms of a plate")
    schemas = Schemas(Dataset(str(folder)).part("schemas"))
    for number, size in enumerate(MEGAPIXELS, 1):
        plate_id = f"plate-{number:03}"
        archive = folder / f"{size}-{number}"
        plates.write_plate(archive, number, megapixels=size)
        body = (archive / f"plates_structured/{plate_id}/source/{plate_id}.jpg").read_bytes()
        jobs: dict[str, Callable[[int], object]] = {
            "base": lambda _, body=body: _decode_and_hash(body),  # type: ignore[misc]  # mypy infers no defaults
            "ours": partial(_plate, archive, schemas, plate_id),
            "obvious": lambda _, body=body: plate_runs_obvious.measure(body),  # type: ignore[misc]  # as above
        }
        rounds = [[_cpu_ms(partial(job, attempt)) for job in jobs.values()] for attempt in range(ROUNDS)]
        base, ours, obvious = map(statistics.median, zip(*rounds, strict=True))
        cells = f"{size:g}", f"{len(body) / 1e6:.1f}", f"{base:.0f}", f"{ours:.0f}", f"{ours / base:.2f}"
        shown.add_row(*cells, f"{obvious:.0f}", f"{obvious / base:.2f}")
    console.print(shown)


def requests(folder: Path, console: Console) -> None:
    """What S3 is asked, for a first attempt and for one that finds all sealed."""
    shown = Table(
        "attempt", "plates", "requests for plates", "for the shard", title="S3 requests of a shard, all models"
    )
    plates.write(folder, 20, megapixels=0.01)
    with mock_aws():
        artifacts._s3.cache_clear()
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="archive")
        for path in (path for path in folder.rglob("*") if path.is_file()):
            client.put_object(Bucket="archive", Key=str(path.relative_to(folder)), Body=path.read_bytes())
        asked: Counter[tuple[bool, str]] = Counter()
        artifacts._s3().meta.events.register("before-call.s3", partial(_count, asked))
        for attempt in ("first", "again"):
            asked.clear()
            run(Task(dataset="s3://archive", models=list(MODELS), shard=Shard(0, 1), run_id=RUN_ID))
            told = [
                ", ".join(f"{n} {name}" for (of, name), n in asked.items() if of is plate) for plate in (True, False)
            ]
            shown.add_row(attempt, "20", *told)
        artifacts._s3.cache_clear()
    console.print(shown)


def shards(folder: Path, console: Console) -> None:
    """The same archive by one machine and by several; here they take turns, for a laptop has not the cores of all."""
    shown = Table(
        "shards", "longest s", "if linear", "CPU s of all", title=f"Shards of {SHARDED_PLATES} plates of 1 MP"
    )
    plates.write(folder, SHARDED_PLATES, megapixels=1.0)
    program = [sys.executable, "-m", "containers.plate_runs"]
    start, _ = _process_seconds([*program, "--help"])
    whole = 0.0
    for count in (1, 3, 10):
        asked = ["--dataset", str(folder), "--models", ",".join(MODELS), "--run-id", f"{RUN_ID[:-8]}{count:08}"]
        times = [_process_seconds([*program, "run", *asked, "--shard", f"{shard}/{count}"]) for shard in range(count)]
        longest = max(seconds for seconds, _ in times)
        whole = whole or longest - start
        cells = f"{longest:.1f}", f"{start + whole / count:.1f}", f"{sum(cpu for _, cpu in times):.1f}"
        shown.add_row(str(count), *cells)
    console.print(shown)
    console.print(f"Each starts in {start:.1f} s.")


def growth(console: Console, runs: int) -> None:
    """Memory of a ledger job at a hundredth of the runs and at all."""
    shown = Table("runs", "from", "CPU s", "runs a CPU s", "peak MiB", "bytes a run", title="Ledger")
    for count in (runs // 100, runs):
        command = [sys.executable, "-m", "benchmarks.plate_runs_imagined", str(count)]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603  # our own
        for line in map(json.loads, said.splitlines()):
            cells = f"{line['cpu_seconds']:.1f}", f"{count / line['cpu_seconds']:.0f}", f"{line['peak_mib']:.0f}"
            shown.add_row(f"{count:,}", line["from"], *cells, f"{line['bytes'] / count:.0f}")
    console.print(shown)


def _plate(archive: Path, schemas: Schemas, plate_id: str, attempt: int) -> None:
    dataset = Dataset(str(archive))
    claim = Claim(run_id=f"run-20260104-0432{attempt:02}-877a06a6", models=list(MODELS), shards=1)
    plate_run = PlateRun(
        dataset=dataset, claim=claim, schemas=schemas, cores=threading.BoundedSemaphore(), look_first=False
    )
    outcome = plate_run.end(plate_id)
    if outcome.ending is not Ending.PROCESSED:
        raise RuntimeError(outcome.reason)


def _decode_and_hash(body: bytes) -> None:
    with Image.open(io.BytesIO(body)) as picture:
        picture.load()
    hashlib.sha256(body).hexdigest()


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def _process_seconds(command: list[str]) -> tuple[float, float]:
    """How long a process took, and how much of the processor."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603  # our own
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}.")
    return time.monotonic() - began, used.ru_utime + used.ru_stime


def _count(asked: Counter[tuple[bool, str]], params: dict[str, Any], model: Any, **_: Any) -> None:
    about = params["url_path"] + str(params["query_string"].get("prefix", ""))
    asked[model.name != "ListObjectsV2" and "plates_structured" in about, model.name] += 1


if __name__ == "__main__":
    asked_for = argparse.ArgumentParser(description=__doc__)
    asked_for.add_argument("--runs", type=int, default=1_000_000, help="of the largest ledger")
    given = asked_for.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for measured in (features, requests, shards):
            measured(Path(temporary) / measured.__name__, Console())
    growth(Console(), given.runs)
