"""On the laptop: kills, throttling, two at once, odd keys and a policy change neither what is kept nor what is said."""

import json
import os
import signal
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from typer.testing import CliRunner

from cli.account import PATIENT
from cli.main import app
from lambdas.archive import manifest
from lambdas.archive.bucket import S3Objects
from lambdas.archive.imports import Arrival, Came, Import, plan
from lambdas.archive.tree import tree
from lambdas.archive.verification import Verification, together
from local.laptop import Laptop
from loupe.artifacts import open_artifacts
from tests.plate_runs.platform import Plates
from tests.waiting import eventually

pytestmark = pytest.mark.laptop
ROOT = Path(__file__).parents[2]
ODD = ["a b+c%41/ü?v=1&w=2#h.png", "x" * 900, "line\nbreak", "tab\there", "\U0001f426", "~", "a-b", "a"]
COUNT = 60
SLOW_DOWN = {"error": "SlowDown", "status": 503}
STUCK = """
import itertools, sys, time
from lambdas.archive import bucket, copies, verification
from cli.main import main

calls = itertools.count()

def some(function):
    def calling(*args, **more):
        if next(calls) >= 16:
            time.sleep(3600)
        return function(*args, **more)
    return calling

verification.STEP = 8
bucket.S3Objects.recorded_sha256 = some(bucket.S3Objects.recorded_sha256)
bucket.S3Objects._rest = some(bucket.S3Objects._rest)
copies.Copies.add = some(copies.Copies.add)
sys.argv[0] = "loupe"
main()
"""


@pytest.fixture
def s3(running_laptop: Laptop) -> Any:
    return running_laptop.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket of its own, with an archive in it."""
    name = f"archive-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for number in range(COUNT):
        s3.put_object(Bucket=name, Key=f"data/raw/{number:03}.png", Body=b"picture %d" % number)
    return name


@pytest.fixture(autouse=True)
def home(running_laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands leave what they have done so far."""
    monkeypatch.setenv("LOUPE_HOME", str(running_laptop.home))
    return running_laptop.home / "archive"


def started(laptop: Laptop, *words: str) -> subprocess.Popen[bytes]:
    """A command in a process of its own that comes to some objects only."""
    environ = {**os.environ, "LOUPE_HOME": str(laptop.home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", STUCK, "archive", *words]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def told(*words: str) -> tuple[int, Any]:
    """What a command says to machines, and its exit code."""
    ran = CliRunner().invoke(app, ["archive", *words, "--json"])
    assert ran.stdout, repr(ran.exception)
    return ran.exit_code, json.loads(ran.stdout)


def killed(laptop: Laptop, home: Path, *words: str) -> int:
    """Kill a command as soon as it has something behind it; how many lines it has left."""
    before = lines(home, words[0])
    process = started(laptop, *words)
    eventually(lambda: lines(home, words[0]) > before)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return lines(home, words[0])


def lines(home: Path, command: str) -> int:
    return sum(path.read_bytes().count(b"\n") for path in home.glob(f"{command}-*.jsonl"))


def versions(s3: Any, bucket: str) -> dict[str, int]:
    found = dict[str, int]()
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for item in page.get("Versions", []):
            found[item["Key"]] = found.get(item["Key"], 0) + 1
    return found


def test_a_verification_that_is_killed_again_and_again_finds_what_one_that_is_not_does(
    running_laptop: Laptop, s3: Any, bucket: str, home: Path
) -> None:
    place = f"s3://{bucket}"
    assert told("manifest", place)[0] == 0
    for number in (2, 31, COUNT - 1):
        s3.put_object(Bucket=bucket, Key=f"data/raw/{number:03}.png", Body=b"other")
    s3.delete_object(Bucket=bucket, Key="data/raw/030.png")
    whole = told("verify", place, "--read-all")
    for _ in range(2):
        killed(running_laptop, home, "verify", place, "--read-all")
    code, found = told("verify", place, "--read-all")
    assert found.pop("went_on_after")
    assert whole[1].pop("went_on_after") is None
    assert (code, found) == whole
    assert [one["key"][-7:] for one in found["findings"]] == ["002.png", "030.png", "031.png", "059.png"]
    assert lines(home, "verify") == 0


def test_an_import_that_is_killed_again_and_again_copies_everything_once(
    running_laptop: Laptop, s3: Any, bucket: str, home: Path
) -> None:
    project = Plates(running_laptop).project
    into = f"experiments/{bucket}"
    words = ("import", f"s3://{bucket}", "--into", into)
    for _ in range(3):
        killed(running_laptop, home, *words)
    code, counts = told(*words)
    assert (code, counts["copied"] + counts["present"], counts["troubles"]) == (0, COUNT, [])
    assert counts["present"] > 0
    copied = {key: number for key, number in versions(s3, project).items() if key.startswith(into)}
    assert copied == {f"{into}/data/raw/{number:03}.png": 1 for number in range(COUNT)}
    assert told(*words)[1]["copied"] == 0
    assert len(versions(s3, bucket)) == COUNT


def test_two_imports_at_once_copy_everything_once(running_laptop: Laptop, s3: Any, bucket: str) -> None:
    project, into = Plates(running_laptop).project, f"experiments/{bucket}/"
    source, target = S3Objects(f"s3://{bucket}", s3, versions=False), S3Objects(f"s3://{project}", s3)
    found = plan(source, target, tree(), into=into)
    with ThreadPoolExecutor(2) as both:
        work = [both.submit(lambda: list(Import(source, target).arrivals(found.planned))) for _ in range(2)]
        came = [[arrival.came for arrival in one.result()] for one in work]
    assert all(set(pair) == {Came.COPIED, Came.PRESENT} for pair in zip(*came, strict=True))
    copied = {key: number for key, number in versions(s3, project).items() if key.startswith(into)}
    assert set(copied.values()) == {1}
    assert len(copied) == COUNT


def test_what_changes_at_its_source_while_it_is_copied_is_told_and_nothing_else_fails(
    running_laptop: Laptop, s3: Any, bucket: str
) -> None:
    project, into = Plates(running_laptop).project, f"experiments/{bucket}/"
    source, target = S3Objects(f"s3://{bucket}", s3, versions=False), S3Objects(f"s3://{project}", s3)
    found = plan(source, target, tree(), into=into)
    s3.put_object(Bucket=bucket, Key="data/raw/003.png", Body=b"meanwhile")
    s3.delete_object(Bucket=bucket, Key="data/raw/004.png")
    failed = [one for one in Import(source, target).arrivals(found.planned) if one.came is not Came.COPIED]
    assert [(one.key[-7:], one.came) for one in failed] == [("003.png", Came.FAILED), ("004.png", Came.FAILED)]
    assert "changed while it was copied" in str(failed[0].reason)
    again = plan(source, target, tree(), into=into)
    assert [one.key[-7:] for one in again.planned if one.there is None] == ["003.png"]


def test_slow_down_slows_down_and_nothing_else(running_laptop: Laptop, bucket: str) -> None:
    place = f"s3://{bucket}"
    running_laptop.inject({"action": "s3:ListBucketVersions", "times": 3, **SLOW_DOWN})
    assert told("manifest", place)[1]["manifest"]["objects"] == COUNT
    session, patient = running_laptop.session(), Config(s3={"addressing_style": "path"}).merge(PATIENT)
    client = session.client("s3", endpoint_url=running_laptop.url, config=patient)
    artifacts = open_artifacts(place, client)
    with manifest.current(artifacts).entries(artifacts) as entries:
        running_laptop.inject({"action": "s3:GetObjectVersion", "times": 40, **SLOW_DOWN})
        step = together(Verification(S3Objects(place, client), entries, tree(), read_all=True).steps())
    assert (step.findings, step.rests_on) == ([], {"read": COUNT})


def test_odd_keys_are_imported_written_down_verified_and_brought_back_as_they_are(
    running_laptop: Laptop, s3: Any, bucket: str
) -> None:
    target = f"{bucket}-odd"
    s3.create_bucket(Bucket=target)
    s3.put_bucket_versioning(Bucket=target, VersioningConfiguration={"Status": "Enabled"})
    for key in ODD:
        s3.put_object(Bucket=target, Key=f"data/raw/{key}", Body=key.encode())
    s3.put_object(Bucket=target, Key="data/raw/folder/", Body=b"")
    place = f"s3://{target}"
    assert told("manifest", place)[1]["manifest"]["objects"] == len(ODD)
    assert told("verify", place)[1]["findings"] == []
    into = f"experiments/{target}"
    counts = told("import", place, "--into", into)[1]
    assert (counts["copied"], counts["left_out"]) == (len(ODD) + 2, 1)  # the manifest and its list too
    project = Plates(running_laptop).project
    for key in ODD:
        whole = f"{into}/data/raw/{key}"
        assert s3.get_object(Bucket=project, Key=whole)["Body"].read() == key.encode()
        s3.delete_object(Bucket=project, Key=whole)
    restored = told("restore", *(f"{into}/data/raw/{key}" for key in ODD))[1]
    assert {one["state"] for one in restored} == {"restored"}
    for key in ODD:
        assert s3.get_object(Bucket=project, Key=f"{into}/data/raw/{key}")["Body"].read() == key.encode()


def test_somebody_whom_policies_bind_imports_into_custody_and_overwrites_nothing(
    running_laptop: Laptop, s3: Any, bucket: str
) -> None:
    plates = Plates(running_laptop)
    administrator, birds = plates.administrator(), f"plates/{bucket}"
    source, target = S3Objects(f"s3://{bucket}/new", administrator), S3Objects(f"s3://{plates.project}", administrator)
    for number in (1, 2):
        key = f"new/{birds}/plates_structured/plate-{number:03}/source/plate-{number:03}.jpg"
        s3.put_object(Bucket=bucket, Key=key, Body=b"picture")

    def arrivals() -> list[Arrival]:
        return list(Import(source, target).arrivals(plan(source, target, tree()).planned))

    assert {arrival.came for arrival in arrivals()} == {Came.COPIED}
    assert {arrival.came for arrival in arrivals()} == {Came.PRESENT}
    key = f"{birds}/plates_structured/plate-001/source/plate-001.jpg"
    s3.put_object(Bucket=bucket, Key=f"new/{key}", Body=b"another")
    assert [arrival.came for arrival in arrivals()] == [Came.DIFFERS, Came.PRESENT]
    assert s3.get_object(Bucket=plates.project, Key=key)["Body"].read() == b"picture"
    assert len(s3.list_object_versions(Bucket=plates.project, Prefix=key)["Versions"]) == 1
