"""`loupe plate-runs` as a test calls it, folders of plates as people bring them, and the bucket that they go to."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
from typer.testing import CliRunner, Result

from cli import plate_collections, plate_ingestion
from cli.main import app
from cli.plate_collections import Collection
from cli.trouble import Trouble
from containers.plate_runs.dataset import Dataset
from examples import plates

PROJECT = "loupe-project"
MEGAPIXELS = 0.004
MEASURED = 3  # plates of the archive that was measured


def loupe(*words: object) -> Result:
    return CliRunner().invoke(app, ["plate-runs", *map(str, words)])


def told(*words: object) -> Any:
    """What a command says to machines."""
    ran = loupe(*words, "--json")
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return json.loads(ran.stdout)


def refusal(*words: object) -> str:
    """The sentence of a command that has trouble."""
    ran = loupe(*words)
    assert isinstance(ran.exception, Trouble), ran.exception
    return str(ran.exception)


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
