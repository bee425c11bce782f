"""A manifest is written last, on the condition of the last one, and hides no loss; what has not changed is not read."""

import gzip
import json
from pathlib import Path

import pytest

from lambdas.archive import manifest as manifests
from lambdas.archive.drafts import Draft
from lambdas.archive.entries import Damaged
from lambdas.archive.manifest import MANIFEST, NoManifest
from lambdas.archive.renewal import Loss, Renewal
from lambdas.archive.tree import tree
from loupe.artifacts import WrittenByAnother, open_artifacts
from tests.archive.memory import MemoryObjects, entry, sha256, written

BODIES = {
    "data/raw/a b+c%.png": b"one",
    "data/raw/ü\n": b"two",
    "models/m/v1/x": b"model",
    "analytics/metrics/summary.json": b"0",
}


def renewed(objects: MemoryObjects, folder: Path, *, accept: bool = False) -> Renewal:
    with Renewal(objects, open_artifacts(str(folder)), tree()) as renewal:
        list(renewal.entries())
        renewal.publish(accept=accept)
    return renewal


def test_the_list_has_every_verified_object_and_the_manifest_names_the_list(tmp_path: Path) -> None:
    manifest, artifacts = written(MemoryObjects(BODIES), tmp_path)
    body = artifacts.read(manifest.checksums["name"])
    lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    assert [line["key"] for line in lines] == sorted(BODIES.keys() - {"analytics/metrics/summary.json"})
    assert lines[0] == {
        "key": "data/raw/a b+c%.png",
        "size": 3,
        "sha256": sha256(b"one"),
        "etag": "v1",
        "version_id": "v1",
    }
    assert manifest.checksums == {"name": manifest.checksums["name"], "bytes": len(body), "sha256": sha256(body)}
    assert manifests.current(artifacts) == manifest


def test_what_has_not_changed_is_not_read_again(tmp_path: Path) -> None:
    objects = MemoryObjects(BODIES)
    written(objects, tmp_path)
    objects.asked.clear()
    objects.write("data/raw/new", b"new")
    assert renewed(objects, tmp_path).changes == {"same": 3, "new": 1}
    assert objects.asked["read"] == 1


def test_what_an_unfinished_draft_has_read_is_not_read_again() -> None:
    objects = MemoryObjects(BODIES)
    known = {key: entry(key, body) for key, body in BODIES.items() if key != "models/m/v1/x"}
    drafted = list(Draft(objects, tree(), [], unfinished=known).entries())
    assert objects.asked["read"] == 1
    assert {one.key: one.entry.sha256 for one in drafted if one.entry} == {
        key: sha256(body) for key, body in BODIES.items() if key.startswith(("data", "models"))
    }


def test_the_same_archive_again_gets_no_new_manifest(tmp_path: Path) -> None:
    objects = MemoryObjects(BODIES)
    first, artifacts = written(objects, tmp_path)
    assert written(objects, tmp_path)[0] == first
    assert len(list((tmp_path / "metadata" / "checksums").iterdir())) == 1
    objects.write("data/raw/new", b"new")
    second, _ = written(objects, tmp_path)
    assert second.previous == first.id
    with first.entries(artifacts) as before, second.entries(artifacts) as now:
        assert list(before) == [one for one in now if one.key != "data/raw/new"]


@pytest.mark.parametrize("change", ["gone", "changed"])
def test_a_loss_of_what_stays_for_ever_is_not_forgotten_unless_asked_for(tmp_path: Path, change: str) -> None:
    objects = MemoryObjects(BODIES)
    first, artifacts = written(objects, tmp_path)
    if change == "gone":
        del objects.bodies["models/m/v1/x"]
    else:
        objects.write("models/m/v1/x", b"other")
    with pytest.raises(Loss, match="models/m/v1/x"):
        renewed(objects, tmp_path)
    assert manifests.current(artifacts) == first
    renewed(objects, tmp_path, accept=True)
    assert manifests.current(artifacts).previous == first.id


def test_what_may_be_written_freely_changes_without_being_a_loss(tmp_path: Path) -> None:
    objects = MemoryObjects({"experiments/a.json": b"1", "experiments/b.json": b"2"})
    written(objects, tmp_path)
    objects.write("experiments/a.json", b"3")
    del objects.bodies["experiments/b.json"]
    assert renewed(objects, tmp_path).changes == {"changed": 1, "gone": 1}


def test_of_two_writers_one_is_told_of_the_other(tmp_path: Path) -> None:
    objects, artifacts = MemoryObjects(BODIES), open_artifacts(str(tmp_path))
    with Renewal(objects, artifacts, tree()) as slow:
        list(slow.entries())
        objects.write("data/raw/new", b"new")
        first, _ = written(objects, tmp_path)
        with pytest.raises(WrittenByAnother, match="project_manifest"):
            slow.publish()
    assert manifests.current(artifacts) == first


def test_a_list_that_was_changed_is_damaged_with_both_checksums(tmp_path: Path) -> None:
    manifest, artifacts = written(MemoryObjects(BODIES), tmp_path)
    path = tmp_path / manifest.checksums["name"]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged, match=f"{sha256(path.read_bytes())}.*{manifest.checksums['sha256']}"):
        manifest.entries(artifacts)


def test_without_a_manifest_it_is_said_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(NoManifest, match=f"{MANIFEST}.*loupe archive manifest"):
        manifests.current(open_artifacts(str(tmp_path)))
