"""`loupe archive`: what a person asks of everything the project owns, sees and gets, in a folder and in S3."""

import gzip
import hashlib
import io
import json
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.cli.commands import Slice
from tests.cli.plates import PROJECT

TREE = {
    "data/raw/card_images/a b+c%.png": b"first",
    "data/raw/card_images/b.png": b"second",
    "data/raw/card_images/ü.png": b"third",
    "models/student/v2.0/student.onnx": b"model",
    "experiments/mlflow/experiments_index.json": b"{}",
}


ARCHIVE = Slice("archive")
loupe, told, refusal = ARCHIVE.run, partial(ARCHIVE.told, exit_code=0), ARCHIVE.refusal


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOUPE_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive in a folder."""
    for key, body in TREE.items():
        path = tmp_path / "project" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return tmp_path / "project"


@pytest.fixture
def bucket(s3: Any) -> Any:
    """An archive in the project bucket of `dev`."""
    for key, body in TREE.items():
        s3.put_object(Bucket=PROJECT, Key=key, Body=body)
    return s3


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def keys(s3: Any, bucket: str = PROJECT) -> set[str]:
    return {item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}


@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_an_archive_verifies_against_its_manifest(where: str, request: pytest.FixtureRequest) -> None:
    place = [request.getfixturevalue("folder")] if where == "folder" else []
    env = [] if place else ["--env", "dev"]
    request.getfixturevalue(where)
    renewed = told("manifest", *place, *env)
    assert (renewed["changes"], renewed["read"], renewed["published"]) == ({"new": len(TREE)}, len(TREE), True)
    assert renewed["manifest"]["objects"] == len(TREE)
    found = told("verify", *place, *env)
    assert (found["findings"], found["manifest"]) == ([], renewed["manifest"]["id"])
    assert {one["name"]: one["objects"] for one in found["places"]} == {"raw": 3, "models": 1, "experiments": 1}
    assert found["rests_on"] == ({"read": len(TREE)} if place else {"version": len(TREE)})
    shown = loupe("verify", *place, *env)
    assert (shown.exit_code, "0 findings against manifest-" in shown.stdout) == (0, True)
    assert told("manifest", *place, *env)["changes"] == {"same": len(TREE)}


def test_what_is_missing_extra_truncated_altered_and_astray_is_named_with_checksums(bucket: Any) -> None:
    told("manifest", "--env", "dev")
    flipped = "data/raw/card_images/a b+c%.png"
    bucket.put_object(Bucket=PROJECT, Key=flipped, Body=b"firsu")
    bucket.put_object(Bucket=PROJECT, Key="data/raw/card_images/b.png", Body=b"sec")
    bucket.delete_object(Bucket=PROJECT, Key="models/student/v2.0/student.onnx")
    bucket.put_object(Bucket=PROJECT, Key="models/student/v3.0/student.onnx", Body=b"newer")
    bucket.put_object(Bucket=PROJECT, Key="notes.txt", Body=b"notes")
    found = told("verify", "--env", "dev", exit_code=1)
    assert [(one["kind"], one["key"]) for one in found["findings"]] == [
        ("altered", flipped),
        ("truncated", "data/raw/card_images/b.png"),
        ("missing", "models/student/v2.0/student.onnx"),
        ("extra", "models/student/v3.0/student.onnx"),
        ("stray", "notes.txt"),
    ]
    first = found["findings"][0]
    assert (first["expected"]["sha256"], first["found"]["sha256"]) == (sha256(b"first"), sha256(b"firsu"))
    ran = loupe("verify", "--env", "dev")
    assert (ran.exit_code, "5 findings against" in ran.stdout, sha256(b"firsu") in ran.stdout.replace("\n", "")) == (
        1,
        True,
        True,
    )


def test_a_byte_that_flips_on_the_disk_is_found(folder: Path) -> None:
    told("manifest", folder)
    path = folder / "models" / "student" / "v2.0" / "student.onnx"
    path.write_bytes(b"modem")
    [finding] = told("verify", folder, exit_code=1)["findings"]
    assert (finding["kind"], finding["key"]) == ("altered", "models/student/v2.0/student.onnx")


def test_a_reference_version_whose_files_do_not_agree_is_named(folder: Path) -> None:
    version = folder / "data" / "reference" / "2026-01-11"
    version.mkdir(parents=True)
    for name, body in (("index.json", '["a", "b"]'), ("metadata.json", '{"a": {}}'), ("embeddings.npy", "none")):
        (version / name).write_text(body)
    told("manifest", folder)
    [finding] = told("verify", folder, exit_code=1)["findings"]
    assert (finding["kind"], finding["key"]) == ("reference", "data/reference/2026-01-11/embeddings.npy")


def test_a_manifest_does_not_forget_a_loss_unless_that_is_accepted(bucket: Any) -> None:
    first = told("manifest", "--env", "dev")["manifest"]
    bucket.delete_object(Bucket=PROJECT, Key="models/student/v2.0/student.onnx")
    assert "1 objects that stay as they are by the tree's contract" in refusal("manifest", "--env", "dev")
    lost = told("manifest", "--env", "dev", exit_code=1)
    assert (lost["lost"], lost["published"]) == ([{"key": "models/student/v2.0/student.onnx", "change": "gone"}], False)
    assert lost["manifest"] == first
    restored = told("restore", "models/student/v2.0/student.onnx", "--env", "dev")
    assert [one["state"] for one in restored] == ["restored"]
    assert told("manifest", "--env", "dev")["lost"] == []
    bucket.delete_object(Bucket=PROJECT, Key="models/student/v2.0/student.onnx")
    assert told("manifest", "--env", "dev", "--accept")["manifest"]["objects"] == len(TREE) - 1


def test_a_dry_run_of_a_manifest_writes_none(bucket: Any) -> None:
    assert told("manifest", "--env", "dev", "--dry-run")["manifest"] is None
    assert "no metadata/project_manifest.json yet: write one with `loupe archive manifest`" in refusal(
        "verify", "--env", "dev"
    )


def test_an_inventory_spares_the_listing(bucket: Any) -> None:
    told("manifest", "--env", "dev")
    listed = bucket.list_object_versions(Bucket=PROJECT)["Versions"]
    rows = "\n".join(
        f'"{PROJECT}","{quote_plus(one["Key"])}","{one["VersionId"]}","true","{one["Size"]}",{one["ETag"]}'
        for one in listed
    )
    body = gzip.compress(rows.encode())
    bucket.put_object(Bucket=PROJECT, Key="metadata/verification/i.csv.gz", Body=body)
    files = [{"key": "metadata/verification/i.csv.gz", "MD5checksum": hashlib.md5(body).hexdigest()}]
    whole = {
        "sourceBucket": PROJECT,
        "fileFormat": "CSV",
        "files": files,
        "fileSchema": "Bucket, Key, VersionId, IsLatest, Size, ETag",
    }
    url = f"s3://{PROJECT}/metadata/verification/manifest.json"
    for made, expected in (("9999999999000", []), ("1000", None)):
        body = json.dumps({**whole, "creationTimestamp": made}).encode()
        bucket.put_object(Bucket=PROJECT, Key="metadata/verification/manifest.json", Body=io.BytesIO(body))
        if expected is None:
            assert "was made before manifest-" in refusal("verify", "--env", "dev", "--inventory", url)
        else:
            assert told("verify", "--env", "dev", "--inventory", url)["findings"] == expected


def test_an_import_shows_what_it_would_do_does_it_and_does_it_again_without_harm(
    s3: Any, folder: Path, tmp_path: Path
) -> None:
    assert told("import", folder, "--env", "dev", "--dry-run")["copied"] == len(TREE)
    assert keys(s3) == set()
    report = tmp_path / "report.jsonl"
    counts = told("import", folder, "--env", "dev", "--report", report)
    assert (counts["copied"], counts["differs"], counts["troubles"]) == (len(TREE), 0, [])
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert {line["key"]: line["sha256"] for line in lines} == {key: sha256(body) for key, body in TREE.items()}
    assert keys(s3) == set(TREE)
    assert told("import", folder, "--env", "dev")["copied"] == 0
    assert "exists" in refusal("import", folder, "--env", "dev", "--report", report)
    assert told("manifest", "--env", "dev")["changes"] == {"new": len(TREE)}


def test_other_bytes_at_a_key_stay_and_the_import_says_so(bucket: Any, folder: Path) -> None:
    (folder / "models" / "student" / "v2.0" / "student.onnx").write_bytes(b"modem")
    found = told("import", folder, "--env", "dev", exit_code=1)
    [trouble] = found["troubles"]
    assert (trouble["key"], found["present"]) == ("models/student/v2.0/student.onnx", len(TREE) - 1)
    assert sha256(b"model") in trouble["reason"]
    assert sha256(b"modem") in trouble["reason"]
    body = bucket.get_object(Bucket=PROJECT, Key="models/student/v2.0/student.onnx")["Body"].read()
    assert body == b"model"


def test_keys_without_a_place_are_listed_and_nothing_is_copied_unless_they_are_put_below_one(
    s3: Any, folder: Path
) -> None:
    (folder / "notes.txt").write_bytes(b"notes")
    said = refusal("import", folder, "--env", "dev")
    assert "1 keys have no place in the project's tree" in said
    assert "notes.txt" in said
    assert keys(s3) == set()
    assert told("import", folder, "--env", "dev", "--into", "experiments/old")["copied"] == len(TREE) + 1
    assert "experiments/old/notes.txt" in keys(s3)


def test_gc_shows_its_plan_first_and_deletes_only_with_yes_what_has_copies(bucket: Any) -> None:
    bucket.create_bucket(Bucket="old")
    for key, body in {**TREE, "only/here": b"only here"}.items():
        bucket.put_object(Bucket="old", Key=f"cards/{key}", Body=body)
    told("manifest", "--env", "dev")
    for words in ([], ["--dry-run"], ["--yes", "--dry-run"]):
        shown = loupe("gc", "s3://old/cards", "--env", "dev", *words)
        assert (shown.exit_code, "Plan: 5 objects" in shown.stdout, len(keys(bucket, "old"))) == (0, True, 6)
    shown = loupe("gc", "s3://old/cards", "--env", "dev", "--yes")
    assert (shown.exit_code, "5 objects deleted" in shown.stdout) == (0, True)
    assert keys(bucket, "old") == {"cards/only/here"}
    assert told("verify", "--env", "dev")["findings"] == []


def test_gc_never_touches_custody_nor_what_nobody_has_verified(bucket: Any, folder: Path) -> None:
    told("manifest", "--env", "dev")
    place = f"s3://{PROJECT}/data/raw"
    told_plan = told("gc", place, "--env", "dev", "--copies", folder / "data" / "raw", "--yes")
    assert {one["reason"] for one in told_plan["plan"]} == {"the tree's contract keeps it for ever"}
    assert keys(bucket) >= set(TREE)
    assert "is a folder: this needs an address of S3" in refusal("gc", folder, "--env", "dev")
    bucket.delete_object(Bucket=PROJECT, Key="metadata/project_manifest.json")
    assert "no metadata/project_manifest.json yet" in refusal("gc", "s3://old/cards", "--env", "dev")


def test_an_earlier_version_comes_back_by_time_or_id(bucket: Any) -> None:
    key = "experiments/mlflow/experiments_index.json"
    old = bucket.head_object(Bucket=PROJECT, Key=key)["VersionId"]
    bucket.put_object(Bucket=PROJECT, Key=key, Body=b"[]")
    [failed] = told("restore", key, "--env", "dev", exit_code=1)
    assert "name an earlier version with --version or --before" in failed["reason"]
    [wanted] = told("restore", key, "--env", "dev", "--version", old, "--dry-run")
    assert (wanted["state"], wanted["version_id"]) == ("wanted", old)
    [restored] = told("restore", key, "--env", "dev", "--version", old)
    assert restored["state"] == "restored"
    assert bucket.get_object(Bucket=PROJECT, Key=key)["Body"].read() == b"{}"
    assert "is no time" in refusal("restore", key, "--env", "dev", "--before", "yesterday")
    assert "name one KEY" in refusal("restore", key, "other", "--env", "dev", "--version", old)
    [never] = told("restore", "data/raw/never", "--env", "dev", exit_code=1)
    assert never["reason"] == "nothing was ever written there, or nothing is left of it"


def test_a_place_that_is_none_and_a_laptop_that_does_not_run_are_said(tmp_path: Path) -> None:
    assert "is no folder, and no address like s3://bucket/folder" in refusal("verify", tmp_path / "none")
    for words in (["verify"], ["manifest"], ["import", tmp_path], ["gc", "s3://old"], ["restore", "a"]):
        assert "loupe local up" in refusal(*words)


def test_a_command_goes_on_where_a_killed_one_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambdas.archive.verification.STEP", 2)
    told("manifest", folder)
    kills = iter([False, True])

    def killed(self: Any, line: Any) -> None:
        if next(kills):
            raise KeyboardInterrupt
        add(self, line)

    from cli.archive_state import State  # noqa: PLC0415  # what is replaced here

    add = State.add
    with monkeypatch.context() as patched:
        patched.setattr(State, "add", killed)
        assert loupe("verify", folder).exit_code != 0
    found = told("verify", folder)
    assert (found["went_on_after"], found["objects"], found["findings"]) == (sorted(TREE)[1], len(TREE), [])
    with monkeypatch.context() as patched:
        kills = iter([False, True])
        patched.setattr(State, "add", killed)
        assert loupe("verify", folder).exit_code != 0
    assert told("verify", folder, "--fresh")["went_on_after"] is None
