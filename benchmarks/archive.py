"""What an archive of 53,000 objects costs to write down, verify and import: `python -m benchmarks.archive`."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.config import Config
from rich.console import Console
from rich.table import Table

from benchmarks.archive_imagined import WORK
from benchmarks.memory import peak_mib
from lambdas.archive import manifest
from lambdas.archive.bucket import S3Objects
from lambdas.archive.imports import Import, plan
from lambdas.archive.renewal import Renewal
from lambdas.archive.tree import tree
from lambdas.archive.verification import Verification, together
from local.laptop import Laptop
from loupe.artifacts import open_artifacts

ROOT = Path(__file__).parent.parent
OLD, PROJECT = "old", "project"
SHARES = {  # the field's tree, as far as it counts its files
    "data/raw/card_images": 17_592,
    "data/processed/classification": 17_592,
    "models/efficientnet-hailo/v2.1/calibration": 1_024,
    "profiling/teacher/2026-01-10": 8_396,
    "experiments/mlflow": 8_396,
}
STEPS = {
    "import": "import from another bucket",
    "list": "listing alone (`ListObjectsV2`)",
    "sync": "as `aws s3 sync --dryrun`: two listings, sizes and times",
    "versions": "listing alone, with versions",
    "manifest": "manifest, the first: everything is read",
    "manifest_again": "manifest, nothing has changed",
    "verify": "verify, by versions",
    "verify_changed": "verify, 4 objects changed",
    "verify_read_all": "verify --read-all, 4 objects changed",
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--objects", type=int, default=53_000)
    asked.add_argument("--steps", nargs="*", choices=STEPS, default=list(STEPS))
    asked.add_argument("--step", nargs=2, metavar=("NAME", "URL"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.step:
        print(json.dumps(measured(*given.step)))
        return
    growth(given.objects, Console())
    with tempfile.TemporaryDirectory() as home:
        laptop = Laptop(Path(home))
        laptop.start()
        try:
            report(laptop, given.objects, given.steps, Console())
        finally:
            laptop.down()


def report(laptop: Laptop, objects: int, steps: list[str], console: Console) -> None:
    """Each step in a process of its own."""
    client = _client(laptop.url)
    for bucket in (OLD, PROJECT):
        client.create_bucket(Bucket=bucket)
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    _fill(client, OLD, objects)
    shown = Table("what", "s", "requests", "peak MiB", "findings", title=f"An archive of {objects:,} objects in S3")
    for step in steps:
        if step == "verify_changed":
            _change(client)
        command = [sys.executable, "-m", "benchmarks.archive", "--step", step, laptop.url]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # our own
        told = json.loads(said.stdout)
        of_them = ", ".join(f"{count:,} {name}" for name, count in told["requests"].items())
        cells = f"{told['seconds']:.1f}", of_them, f"{told['peak_mib']:.0f}", str(told["findings"])
        shown.add_row(STEPS[step], *cells)
    console.print(shown)


def growth(objects: int, console: Console) -> None:
    """Processor and memory of our own part, at all the objects and at ten times as many."""
    shown = Table("what", "objects", "CPU s", "µs an object", "peak MiB", title="Without S3's part")
    for what in WORK:
        for count in (objects, 10 * objects):
            command = [sys.executable, "-m", "benchmarks.archive_imagined", str(count), what]
            said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # our own
            told = json.loads(said.stdout)
            cells = f"{told['cpu_seconds']:.1f}", f"{1e6 * told['cpu_seconds'] / count:.0f}", f"{told['peak_mib']:.0f}"
            shown.add_row(what, f"{count:,}", *cells)
    console.print(shown)


def measured(step: str, url: str) -> dict[str, Any]:
    """Time, requests and memory of one step."""
    client, asked = _client(url), Counter[str]()
    client.meta.events.register("before-call.s3", lambda model, **_: asked.update([model.name]))
    began = time.monotonic()
    findings = _WORK[step](client)
    seconds = time.monotonic() - began
    return {"seconds": seconds, "requests": dict(asked), "peak_mib": peak_mib(), "findings": findings}


def _list(client: Any, bucket: str = PROJECT) -> dict[str, Any]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"]: (item["Size"], item["LastModified"]) for page in pages for item in page["Contents"]}


def _sync(client: Any) -> int:
    """What would be copied: other sizes, or newer at the source."""
    source, target = _list(client, OLD), _list(client)
    return sum(
        1
        for key, (size, made) in source.items()
        if key not in target or target[key][0] != size or made > target[key][1]
    )


def _manifest(client: Any) -> int:
    with Renewal(S3Objects(f"s3://{PROJECT}", client), open_artifacts(f"s3://{PROJECT}", client), tree()) as renewal:
        for _ in renewal.entries():
            pass
        renewal.publish()
        return len(renewal.lost)


def _verify(client: Any, *, read_all: bool = False) -> int:
    artifacts = open_artifacts(f"s3://{PROJECT}", client)
    with manifest.current(artifacts).entries(artifacts) as entries:
        objects = S3Objects(f"s3://{PROJECT}", client)
        return len(together(Verification(objects, entries, tree(), read_all=read_all).steps()).findings)


def _import(client: Any) -> int:
    source, target = S3Objects(f"s3://{OLD}", client, versions=False), S3Objects(f"s3://{PROJECT}", client)
    found = plan(source, target, tree())
    return sum(1 for arrival in Import(source, target).arrivals(found.planned) if arrival.reason)


_WORK: dict[str, Callable[[Any], int]] = {
    "list": lambda client: len(_list(client)) * 0,
    "sync": lambda client: _sync(client) * 0,
    "versions": lambda client: sum(0 for _ in S3Objects(f"s3://{PROJECT}", client).walk()),
    "manifest": _manifest,
    "manifest_again": _manifest,
    "verify": _verify,
    "verify_changed": _verify,
    "verify_read_all": lambda client: _verify(client, read_all=True),
    "import": _import,
}


def _fill(client: Any, bucket: str, objects: int) -> None:
    whole = sum(SHARES.values())
    keys = [
        f"{prefix}/{number:05}.png" for prefix, share in SHARES.items() for number in range(share * objects // whole)
    ]
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda key: client.put_object(Bucket=bucket, Key=key, Body=key.encode()), keys))


def _change(client: Any) -> None:
    """A byte flipped, an end cut off, one gone, one more."""
    place = {"Bucket": PROJECT}
    client.put_object(**place, Key="data/raw/card_images/00003.png", Body=b"data/raw/card_images/00003.pnf")
    client.put_object(**place, Key="data/raw/card_images/00004.png", Body=b"data/raw/card_im")
    client.delete_object(**place, Key="data/raw/card_images/00005.png")
    client.put_object(**place, Key="data/raw/card_images/more.png", Body=b"more")


def _client(url: str) -> Any:
    import boto3  # noqa: PLC0415  # what it costs to import belongs to no step

    config = Config(
        s3={"addressing_style": "path"}, max_pool_connections=32, retries={"mode": "standard", "total_max_attempts": 8}
    )
    return boto3.Session("test", "test", region_name="us-east-1").client("s3", endpoint_url=url, config=config)


if __name__ == "__main__":
    main()
