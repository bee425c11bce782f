"""In S3: how many requests a plate costs, and that its conditions keep what folders keep by links."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from containers.plate_runs.ledger import build_ledger
from containers.plate_runs.verification import Verification
from local.laptop import Laptop
from loupe import artifacts
from tests.plate_runs.archives import archive, measure, program

URL = "s3://archive/plates/birds"
PLATES = 6


def upload(s3: Any, folder: Path) -> None:
    s3.create_bucket(Bucket="archive")
    s3.put_bucket_versioning(Bucket="archive", VersioningConfiguration={"Status": "Enabled"})
    for path in folder.rglob("*"):
        if path.is_file():
            s3.put_object(Bucket="archive", Key=f"plates/birds/{path.relative_to(folder)}", Body=path.read_bytes())


def uploaded(s3: Any) -> dict[str, bytes]:
    """The tree below the plates, as `tree` has it of a folder."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="archive", Prefix="plates/birds/plates_structured/")
    keys = [item["Key"] for page in pages for item in page["Contents"]]
    return {key.split("/", 3)[3]: s3.get_object(Bucket="archive", Key=key)["Body"].read() for key in keys}


def versions(s3: Any) -> Counter[str]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket="archive")
    return Counter(item["Key"] for page in pages for item in page["Versions"])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("drawn") / "plates", PLATES)


@pytest.fixture
def s3(drawn: Path) -> Iterator[Any]:
    with mock_aws():
        artifacts._s3.cache_clear()
        client = boto3.client("s3")
        upload(client, drawn)
        yield client
        artifacts._s3.cache_clear()


@pytest.fixture
def requests(s3: Any) -> Counter[tuple[str, str]]:
    """What the program asks of S3, by operation and by the part of the tree that it is about."""
    asked: Counter[tuple[str, str]] = Counter()

    def count(params: dict[str, Any], model: Any, **_: Any) -> None:
        about = params["url_path"] + str(params["query_string"].get("prefix", ""))
        part = next(name for name in ("plates_structured", "reports", "schemas", "ledger") if name in about)
        asked[model.name, part] += 1

    artifacts._s3().meta.events.register("before-call.s3", count)
    return asked


def test_a_run_in_s3_is_the_run_in_a_folder(s3: Any, honest: dict[str, bytes]) -> None:
    for shard in ("0/3", "1/3", "2/3"):
        measure(URL, shard)
    assert uploaded(s3) == honest


@pytest.mark.parametrize(("models", "writes"), [(["cpu-baseline-v1"], 2), (["segmentation-otsu-v1"], 3)])
def test_a_plate_costs_three_reads_and_its_writes_and_a_shard_one_list(
    models: list[str], writes: int, requests: Counter[tuple[str, str]]
) -> None:
    """Manifest, source and checksum are read; each output is written, and the seal."""
    assert measure(URL, models=models)["plates_processed"] == PLATES
    assert requests == {
        ("ListObjectsV2", "plates_structured"): 1,
        ("GetObject", "plates_structured"): 3 * PLATES,
        ("PutObject", "plates_structured"): writes * PLATES,
        ("GetObject", "schemas"): 4,
        ("PutObject", "reports"): 3,
    }


def test_a_plate_that_is_skipped_costs_one_request(requests: Counter[tuple[str, str]]) -> None:
    measure(URL)
    requests.clear()
    assert measure(URL)["plates_skipped"] == PLATES
    about_plates = {name: count for (name, part), count in requests.items() if part == "plates_structured"}
    assert about_plates == {"ListObjectsV2": 1, "HeadObject": PLATES}


def test_nothing_that_a_run_writes_has_a_second_version(s3: Any) -> None:
    for shard in ("0/1", "0/1", "1/2"):
        measure(URL, shard)
    assert set(versions(s3).values()) == {1}


def test_a_ledger_gets_a_version_when_runs_are_new_and_none_when_not(s3: Any) -> None:
    measure(URL)
    for _ in range(2):
        build_ledger(URL)
    assert versions(s3)["plates/birds/ledger/runs.parquet"] == 1
    measure(URL, run_id="run-20260105-053757-923adfbe")
    assert build_ledger(URL).new == PLATES
    assert versions(s3)["plates/birds/ledger/runs.parquet"] == 2


def test_runs_that_the_ledger_has_are_not_read_again(requests: Counter[tuple[str, str]]) -> None:
    measure(URL)
    build_ledger(URL)
    requests.clear()
    build_ledger(URL)
    assert requests["GetObject", "plates_structured"] == 2 * PLATES  # manifests and checksums, for the plates


def test_a_whole_archive_in_s3_verifies(s3: Any) -> None:
    measure(URL)
    build_ledger(URL)
    verification = Verification(URL)
    assert list(verification.findings()) == []
    assert (verification.plates, verification.runs) == (PLATES, PLATES)


@pytest.mark.laptop
def test_processes_that_race_in_s3_write_each_object_once(
    drawn: Path, honest: dict[str, bytes], tmp_path: Path
) -> None:
    engine = Laptop(tmp_path / "engine")
    engine.start()
    try:
        upload(engine.client("s3"), drawn)
        told = {"AWS_ENDPOINT_URL": engine.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        shards = ("0/1", "0/1", "0/2", "1/2")
        racers = [program(URL, "run", **told, BWS_PLATE_SHARD=shard) for shard in shards]
        said = [racer.communicate(timeout=120) for racer in racers]
        assert [racer.returncode for racer in racers] == [0] * len(shards), said
        found = engine.client("s3")
        assert uploaded(found) == honest
        assert {key for key, count in versions(found).items() if count > 1} == set()
    finally:
        engine.down()
