"""`loupe plate-runs` as a test calls it, folders of plates as people bring them, and the bucket that they go to."""

from collections import Counter
from pathlib import Path
from typing import Any

import boto3

from cli import plate_collections, plate_ingestion
from cli.plate_collections import Collection
from containers.plate_runs.dataset import Dataset
from examples import plates
from tests.cli.commands import Slice

PROJECT = "loupe-project"
MEGAPIXELS = 0.004
MEASURED = 3  # plates of the archive that was measured

PLATE_RUNS = Slice("plate-runs")
loupe, told, refusal = PLATE_RUNS.run, PLATE_RUNS.told, PLATE_RUNS.refusal


def scans(folder: Path, *names: str, first: int = 1) -> Path:
    """JPEGs of these names, each a plate of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names, first):
        (folder / name).write_bytes(plates.picture(number, megapixels=MEGAPIXELS))
    return folder


def archived(source: Path, target: Path, found: Collection | None = None) -> Path:
    """What `ingest` does, into a folder; `found` is what was looked at before."""
    found, dataset = found or plate_collections.read(source), Dataset(str(target))
    plate_ingestion.write(dataset, found, plate_ingestion.missing(dataset, found.plates), lambda: None)
    return target


def account() -> Any:
    """The project bucket of `dev`, and the parameter that names it, in whatever stands in for AWS."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=PROJECT)
    s3.put_bucket_versioning(Bucket=PROJECT, VersioningConfiguration={"Status": "Enabled"})
    boto3.client("ssm").put_parameter(Name="/loupe/dev/storage/project-bucket", Value=PROJECT, Type="String")
    return s3


def objects(s3: Any, prefix: str) -> dict[str, bytes]:
    """Everything below a prefix, by the rest of its key."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=PROJECT, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return {key.removeprefix(prefix): s3.get_object(Bucket=PROJECT, Key=key)["Body"].read() for key in keys}


def versions(s3: Any) -> Counter[str]:
    """How often each object was written."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=PROJECT)
    return Counter(item["Key"] for page in pages for item in page.get("Versions", []))


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, by its name with slashes."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
