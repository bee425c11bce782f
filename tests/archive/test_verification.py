"""Whatever an archive holds, its manifest describes it; what changes in one object is named, that and nothing else."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.archive.entries import Entry
from lambdas.archive.findings import Finding, State, places, told_finding
from lambdas.archive.tree import tree
from lambdas.archive.verification import STEP, Verification, together, told_step
from tests.archive.memory import MemoryObjects, entry, sha256, verified, written

MANY = 50_000
PREFIXES = ("data/raw/", "data/processed/x/", "models/teacher/v1/", "profiling/student/2026-01-11/")
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).filter(
    lambda name: not name.endswith("/")
)
KEYS = st.builds("".join, st.tuples(st.sampled_from(PREFIXES), NAMES))
BODIES = st.binary(min_size=1, max_size=40)
ARCHIVES = st.dictionaries(KEYS, BODIES, min_size=1, max_size=30)


def flipped(body: bytes) -> bytes:
    return bytes([body[0] ^ 1]) + body[1:]


MUTATIONS: dict[str, Callable[[bytes], bytes]] = {
    "altered": flipped,
    "truncated": lambda body: body[:-1],
    "grown": lambda body: body + b"0",
}


@settings(deadline=None, max_examples=60)
@given(archive=ARCHIVES, versions=st.booleans(), read_all=st.booleans())
def test_an_archive_is_as_its_manifest_says(*, archive: dict[str, bytes], versions: bool, read_all: bool) -> None:
    objects = MemoryObjects(archive, versions=versions)
    with TemporaryDirectory() as folder:
        manifest, artifacts = written(objects, Path(folder))
        step = verified(objects, manifest, artifacts, read_all=read_all)
    assert step.findings == []
    assert (manifest.objects, manifest.bytes) == (len(archive), sum(map(len, archive.values())))
    assert step.objects == len(archive)


@settings(deadline=None, max_examples=80)
@given(archive=ARCHIVES, data=st.data(), versions=st.booleans(), kind=st.sampled_from(sorted(MUTATIONS)))
def test_another_body_is_named_with_both_checksums(
    *, archive: dict[str, bytes], data: st.DataObject, versions: bool, kind: str
) -> None:
    key = data.draw(st.sampled_from(sorted(archive)))
    body = MUTATIONS[kind](archive[key])
    objects = MemoryObjects(archive, versions=versions)
    with TemporaryDirectory() as folder:
        manifest, artifacts = written(objects, Path(folder))
        objects.write(key, body)
        [finding] = verified(objects, manifest, artifacts).findings
    expected = State(bytes=len(archive[key]), sha256=sha256(archive[key]))
    assert (finding.kind, finding.key, finding.expected) == (kind, key, expected)
    assert finding.found == State(bytes=len(body), sha256=sha256(body))
    assert all(state.sha256 in finding.reason for state in (finding.expected, finding.found) if state and state.sha256)


@settings(deadline=None, max_examples=60)
@given(archive=ARCHIVES, data=st.data(), new=KEYS, body=BODIES)
def test_what_is_gone_and_what_is_new_is_named(
    archive: dict[str, bytes], data: st.DataObject, new: str, body: bytes
) -> None:
    objects, key = MemoryObjects(archive), data.draw(st.sampled_from(sorted(archive)))
    with TemporaryDirectory() as folder:
        manifest, artifacts = written(objects, Path(folder))
        del objects.bodies[key]
        wanted = {("missing", key)}
        if new not in archive:
            objects.write(new, body)
            wanted.add(("extra", new))
        found = verified(objects, manifest, artifacts).findings
    assert {(finding.kind, finding.key) for finding in found} == wanted
    by_kind = {finding.kind: finding for finding in found}
    assert by_kind["missing"].expected == State(bytes=len(archive[key]), sha256=sha256(archive[key]))
    if "extra" in by_kind:
        assert by_kind["extra"].found == State(bytes=len(body), sha256=sha256(body))


@pytest.fixture(scope="module")
def many() -> list[Entry]:
    return [entry(f"data/raw/card_images/{number:05}.png", b"%d" % number) for number in range(MANY)]


def test_each_of_four_mutations_among_fifty_thousand_is_named(many: list[Entry]) -> None:
    objects = MemoryObjects({one.key: b"%d" % number for number, one in enumerate(many)})
    at = [many[number].key for number in (3, 24_999, 25_000, MANY - 1)]
    objects.write(at[0], flipped(objects.bodies[at[0]]))
    objects.write(at[1], b"")
    del objects.bodies[at[2]]
    objects.write("data/raw/card_images/99999.png", b"new")
    step = together(Verification(objects, many, tree()).steps())
    assert [(finding.kind, finding.key) for finding in step.findings] == [
        ("altered", at[0]),
        ("truncated", at[1]),
        ("missing", at[2]),
        ("extra", "data/raw/card_images/99999.png"),
    ]
    assert objects.asked == {"walk": 1, "read": 2}  # the flipped one and the new one; an empty one need not be read
    assert step.rests_on["version"] == MANY - 3


def test_what_keeps_no_versions_is_read(many: list[Entry], tmp_path: Path) -> None:
    objects = MemoryObjects({one.key: b"%d" % number for number, one in enumerate(many[:500])}, versions=False)
    manifest, artifacts = written(objects, tmp_path)
    objects.asked.clear()
    objects.write(many[7].key, b"8")
    [finding] = verified(objects, manifest, artifacts).findings
    assert (finding.kind, finding.key, objects.asked["read"]) == ("altered", many[7].key, 500)


def test_reading_all_does_not_take_a_version_for_its_bytes(many: list[Entry]) -> None:
    objects = MemoryObjects({one.key: b"%d" % number for number, one in enumerate(many[:50])})
    objects.bodies[many[7].key] = b"8"  # the disk changed, and no version says so
    assert together(Verification(objects, many[:50], tree()).steps()).findings == []
    [finding] = together(Verification(objects, many[:50], tree(), read_all=True).steps()).findings
    assert (finding.kind, finding.key) == ("altered", many[7].key)


@pytest.mark.parametrize("stops_after", [0, 1, 3])
def test_a_verification_that_stopped_goes_on_and_finds_the_same(many: list[Entry], stops_after: int) -> None:
    objects = MemoryObjects({one.key: b"%d" % number for number, one in enumerate(many[: 4 * STEP + 7])})
    for number in range(0, 4 * STEP, 777):
        objects.write(many[number].key, b"other")
    verification = Verification(objects, many[: 4 * STEP + 7], tree())
    whole = together(verification.steps())
    first = [told_step(step.told()) for step, _ in zip(verification.steps(), range(stops_after), strict=False)]
    rest = verification.steps(after=together(first).after)
    assert together([*first, *rest]) == whole
    assert whole.objects == 4 * STEP + 7


def test_folder_markers_do_not_count_and_what_lies_in_no_place_is_named(tmp_path: Path) -> None:
    objects = MemoryObjects({"data/raw/a": b"1", "data/raw/b/": b"", "plates/x/ledger/runs.parquet": b"derived"})
    manifest, artifacts = written(objects, tmp_path)
    assert manifest.objects == 1
    objects.write("somewhere/else", b"1")
    objects.write("data/raw/c/", b"")
    [finding] = verified(objects, manifest, artifacts).findings
    assert (finding.kind, finding.key) == ("stray", "somewhere/else")


def test_an_object_that_goes_while_it_is_looked_at_is_named(many: list[Entry]) -> None:
    objects = MemoryObjects({one.key: b"%d" % number for number, one in enumerate(many[:3])})
    listed = list(objects.walk())
    objects.write(many[1].key, b"other")
    changed = [one if one.key != many[1].key else objects.look(one.key) for one in listed]
    objects.write(many[1].key, b"once more")
    steps = Verification(objects, many[:3], tree()).steps(listed=[one for one in changed if one])
    [finding] = together(steps).findings
    assert (finding.kind, finding.key) == ("unreadable", many[1].key)


def test_places_are_told_as_the_manifest_has_them_and_as_they_are(tmp_path: Path) -> None:
    objects = MemoryObjects({"data/raw/a": b"one", "data/raw/b": b"two", "models/m/v1/x": b"model"})
    manifest, artifacts = written(objects, tmp_path)
    del objects.bodies["data/raw/a"]
    objects.write("data/raw/c", b"three")
    found = verified(objects, manifest, artifacts).findings
    with manifest.entries(artifacts) as entries:
        raw, models = places(tree(), entries, found)
    assert (raw["name"], raw["objects"], raw["bytes"], raw["findings"]) == ("raw", 2, 6, 2)
    lines = f"{sha256(b'two')}  data/raw/b\n{sha256(b'three')}  data/raw/c\n".encode()
    told = {"name": "raw", "prefix": "data/raw/", "objects": 2, "bytes": 8, "digest": sha256(lines)}
    assert raw["found"] == told
    assert models["found"]["digest"] == models["digest"]
    assert models["findings"] == 0


def test_a_finding_says_itself_again() -> None:
    finding = Finding(kind="missing", key="a", reason="it is gone", expected=State(bytes=1, sha256="0" * 64))
    assert told_finding(finding.told()) == finding
