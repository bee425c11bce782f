"""Pictures on their way into an archive: each one whole or not at all, once, as it is, and nothing but JPEGs."""

import hashlib
import io
import json
import random
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import Result

from cli import plate_collections
from containers.plate_runs.verification import Verification
from loupe import contracts
from loupe.artifacts import FolderArtifacts
from tests.cli.plates import archived, files, loupe, objects, refusal, scans, told, versions
from tests.plate_runs.archives import archive, measure

PICTURES = ("wren.jpg", "wren 2.jpg", "wren 10.jpg")  # in the order that people mean


def ingest(folder: Path, *words: str) -> Result:
    return loupe("ingest", folder, "--env", "dev", *words)


def ingested(folder: Path, *words: str) -> Any:
    return told("ingest", folder, "--env", "dev", *words)


def refused(folder: Path, *words: str) -> str:
    return refusal("ingest", folder, "--env", "dev", *words)


def test_pictures_become_plates_in_the_order_of_their_names(s3: Any, tmp_path: Path) -> None:
    folder = scans(tmp_path / "birds", *PICTURES)
    assert ingested(folder) == {
        "dataset": "birds",
        "url": "s3://loupe-project/plates/birds",
        "plates": 3,
        "new": 3,
    }
    found = objects(s3, "plates/birds/plates_structured/")
    for number, name in enumerate(PICTURES, 1):
        plate, body = f"plate-{number:03}", (folder / name).read_bytes()
        assert found.pop(f"{plate}/source/{plate}.jpg") == body
        assert found.pop(f"{plate}/source.sha256").decode() == (
            f"{hashlib.sha256(body).hexdigest()}  source/{plate}.jpg\n"
        )
        manifest = contracts.check("plate_runs/plate_manifest", json.loads(found.pop(f"{plate}/manifest.json")))
        assert (manifest["plate_number"], manifest["title"]) == (number, Path(name).stem)
    assert found == {}


def test_what_was_archived_verifies_and_can_be_measured(tmp_path: Path) -> None:
    dataset = archived(scans(tmp_path / "scans", *PICTURES), tmp_path / "birds")
    assert measure(dataset)["plates_processed"] == 3
    assert list(Verification(str(dataset)).findings()) == []


def test_the_same_again_changes_nothing_and_says_so(s3: Any, tmp_path: Path) -> None:
    folder = scans(tmp_path / "birds", *PICTURES)
    assert "Nothing has changed" not in ingest(folder).stdout
    before = objects(s3, "")
    assert "Nothing has changed" in ingest(folder).stdout
    assert ingested(folder)["new"] == 0
    assert objects(s3, "") == before
    assert set(versions(s3).values()) == {1}


def test_pictures_that_come_later_are_further_plates(s3: Any, tmp_path: Path) -> None:
    folder = scans(tmp_path / "birds", "a.jpg", "b.jpg")
    ingested(folder)
    scans(folder, "c.jpg", first=3)
    assert (ingested(folder)["plates"], ingested(folder)["new"]) == (3, 0)
    assert len(objects(s3, "plates/birds/")) == 9
    assert set(versions(s3).values()) == {1}


def test_another_picture_at_a_number_is_refused_and_nothing_is_written(s3: Any, tmp_path: Path) -> None:
    ingested(scans(tmp_path / "birds", "b.jpg", "c.jpg"))
    before = objects(s3, "")
    said = refused(scans(tmp_path / "birds", "a.jpg", first=9))  # before the others, which so get other numbers
    for part in ("plate-001 is another picture there", "its SHA-256 is", "give the dataset another --name"):
        assert part in said
    assert objects(s3, "") == before
    assert ingested(tmp_path / "birds", "--name", "others")["new"] == 3


def test_another_name_for_a_picture_is_refused_for_what_is_archived_stays(s3: Any, tmp_path: Path) -> None:
    folder = scans(tmp_path / "birds", "wren.jpg")
    ingested(folder)
    (folder / "wren.jpg").rename(folder / "finch.jpg")
    assert "plate-001 has the title 'wren' there, and from" in refused(folder)


def picture(kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("a.png", picture("PNG"), "a.png is a PNG, and plates are JPEGs, kept byte for byte: convert it"),
        ("a.jpg", picture("PNG"), "a.jpg is a PNG"),
        ("a.tif", picture("TIFF"), "a.tif is a TIFF"),
        ("a.jpg", b"", "a.jpg is no picture"),
        ("notes.txt", b"hello", "notes.txt is no picture, and plates are JPEGs"),
        ("a.jpg", picture("JPEG").replace(b"\x00\x08\x00\x08", b"\xff\xff\xff\xff"), "65535 x 65535 pixels"),
    ],
    ids=["png", "png called jpg", "tiff", "empty", "text", "bomb"],
)
def test_what_is_no_plate_is_refused_in_one_sentence_before_anything_is_written(
    name: str, body: bytes, sentence: str, s3: Any, tmp_path: Path
) -> None:
    folder = scans(tmp_path / "birds", "0.jpg", "z.jpg")
    (folder / name).write_bytes(body)
    said = refused(folder)
    assert sentence in said
    assert "\n" not in said
    assert objects(s3, "") == {}


def test_more_plates_than_numbers_are_refused(s3: Any, tmp_path: Path) -> None:
    folder = scans(tmp_path / "birds")
    for number in range(1000):
        (folder / f"{number}.jpg").touch()
    assert "1000 pictures are more than the 999 of a dataset" in refused(folder)


def test_a_folder_without_pictures_and_a_folder_that_is_none_are_said(s3: Any, tmp_path: Path) -> None:
    assert "there are no pictures here" in refused(scans(tmp_path / "birds"))
    assert "is no folder" in refused(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["a/b", "..", "", "a b", ".hidden", "x" * 101])
def test_a_name_that_no_run_could_take_is_refused(name: str, s3: Any, tmp_path: Path) -> None:
    assert "is no name of a dataset" in refused(scans(tmp_path / "birds", "a.jpg"), "--name", name or " ")


def test_a_jpeg_with_an_unusual_ending_or_further_pictures_behind_it_is_a_plate(s3: Any, tmp_path: Path) -> None:
    folder = scans(tmp_path / "birds", "a.JPEG", "b")
    panorama = picture("MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    (folder / "c.mpo").write_bytes(panorama)
    assert ingested(folder)["new"] == 3
    assert objects(s3, "plates/birds/plates_structured/plate-003/source/") == {"plate-003.jpg": panorama}


# A dataset that is structured already


def test_a_structured_dataset_is_archived_byte_for_byte_with_its_schemas_and_without_its_runs(
    s3: Any, tmp_path: Path
) -> None:
    folder = archive(tmp_path / "birds", 3)
    (folder / "schemas").mkdir()
    schema = contracts.SCHEMAS / "plate_runs" / "plate_manifest.json"
    (folder / "schemas" / "plate.manifest.schema.json").write_bytes(schema.read_bytes())
    known = files(folder)
    measure(folder)
    assert ingested(folder)["new"] == 3
    assert objects(s3, "plates/birds/") == known
    assert ingested(folder)["new"] == 0


def test_a_source_that_is_not_what_was_archived_is_refused_with_both_checksums(s3: Any, tmp_path: Path) -> None:
    folder = archive(tmp_path / "birds", 1)
    source = folder / "plates_structured/plate-001/source/plate-001.jpg"
    known = hashlib.sha256(source.read_bytes()).hexdigest()
    source.write_bytes(source.read_bytes() + b"\0")
    said = refused(folder)
    assert known in said
    assert hashlib.sha256(source.read_bytes()).hexdigest() in said
    assert objects(s3, "") == {}


@pytest.mark.parametrize("lost", ["manifest.json", "source.sha256", "source/plate-001.jpg"])
def test_a_structured_plate_that_lacks_a_file_is_refused(lost: str, s3: Any, tmp_path: Path) -> None:
    folder = archive(tmp_path / "birds", 1)
    (folder / "plates_structured" / "plate-001" / lost).unlink()
    assert lost.rpartition("/")[2] in refused(folder)
    assert objects(s3, "") == {}


def test_a_manifest_that_breaks_the_schema_of_the_dataset_is_refused(s3: Any, tmp_path: Path) -> None:
    schema = contracts.schema("plate_runs/plate_manifest")
    schema["properties"]["plate_number"]["maximum"] = 1
    s3.put_object(
        Bucket="loupe-project", Key="plates/birds/schemas/plate.manifest.schema.json", Body=json.dumps(schema)
    )
    assert "plate_manifest: data.plate_number" in refused(scans(tmp_path / "birds", "a.jpg", "b.jpg"))


# Kills and races, on folders


class Killed(BaseException):
    """The process ends here."""


def killed_after(writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let so many objects be written, and not one more."""
    left, create = iter(range(writes)), FolderArtifacts._create

    def write(self: FolderArtifacts, name: str, body: BinaryIO) -> bool:
        if next(left, None) is None:
            raise Killed
        return create(self, name, body)

    monkeypatch.setattr(FolderArtifacts, "_create", write)


@pytest.mark.parametrize("writes", range(9))
def test_an_ingestion_that_is_killed_after_any_write_ends_well_the_second_time(
    writes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = scans(tmp_path / "scans", *PICTURES)
    honest = files(archived(source, tmp_path / "honest"))
    with monkeypatch.context() as patch:
        killed_after(writes, patch)
        with pytest.raises(Killed):
            archived(source, tmp_path / "birds")
    left = files(tmp_path / "birds")
    assert len(left) == writes
    assert left.items() <= honest.items()
    for whole in (name.removesuffix("source.sha256") for name in left if name.endswith("source.sha256")):
        assert {name for name in left if name.startswith(whole)} == {name for name in honest if name.startswith(whole)}
    assert files(archived(source, tmp_path / "birds")) == honest


def test_two_ingestions_at_once_write_each_object_once(tmp_path: Path) -> None:
    source = scans(tmp_path / "scans", *(f"{number}.jpg" for number in range(12)))
    honest = files(archived(source, tmp_path / "honest"))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        racers = [processes.submit(archived, source, tmp_path / "birds") for _ in range(2)]
        assert [racer.result() for racer in racers] == [tmp_path / "birds"] * 2
    assert files(tmp_path / "birds") == honest


def test_a_picture_that_changes_after_it_was_looked_at_is_archived_with_the_checksum_of_what_was_written(
    tmp_path: Path,
) -> None:
    source = scans(tmp_path / "scans", "a.jpg")
    found = plate_collections.read(source)
    scans(source, "a.jpg", first=7)
    dataset = archived(source, tmp_path / "birds", found)
    assert measure(dataset)["outcome"] == "complete"


names = st.lists(st.text(st.sampled_from("abAB019-_ éß"), min_size=1, max_size=6), min_size=1, max_size=6, unique=True)


@given(names, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_numbers_do_not_depend_on_how_the_disk_lists_a_folder(
    tmp_path_factory: pytest.TempPathFactory, stems: list[str], shuffle: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("scans")
    body = picture("JPEG")
    for stem in stems:
        (folder / f"{stem}.jpg").write_bytes(body)
    listed = list(folder.iterdir())
    orders = []
    for _ in range(2):
        shuffle.shuffle(listed)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "iterdir", lambda _: iter(listed))
            orders.append([plate.file.name for plate in plate_collections.read(folder).plates])
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == sorted(path.name for path in listed)


def test_numbers_in_names_are_counted_as_numbers(tmp_path: Path) -> None:
    folder = scans(tmp_path, "10.jpg", "9.jpg", "Plate 2b.jpg", "plate 2a.jpg", "plate 12.jpg")
    order = [plate.file.name for plate in plate_collections.read(folder).plates]
    assert order == ["9.jpg", "10.jpg", "plate 2a.jpg", "Plate 2b.jpg", "plate 12.jpg"]
