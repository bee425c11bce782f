"""What is unpacked lies below its folder, in plain files, and is no larger than was allowed; all else is refused."""

import gzip
import io
import subprocess
import sys
import tarfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loupe import archives
from loupe.archives import UnsafeArchive, unpack

KINDS = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
    "sparse file": tarfile.GNUTYPE_SPARSE,
}
names = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,2}\.txt", fullmatch=True)


def packed(file: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for member, body in members:
            archive.addfile(member, io.BytesIO(body))
    return file


def member(name: str, body: bytes = b"x", kind: bytes = tarfile.REGTYPE) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "../secret" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    info.size = len(body) if kind == tarfile.REGTYPE else 0
    return info, body if kind == tarfile.REGTYPE else b""


def left_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@settings(max_examples=40)
@given(st.dictionaries(names, st.binary(max_size=300), max_size=6))
def test_plain_files_come_out_as_they_went_in(files: dict[str, bytes]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        archive = packed(folder / "a.tar.gz", *(member(file, body) for file, body in files.items()))
        assert sorted(unpack(archive, folder / "out")) == sorted(files)
        assert {file: (folder / "out" / file).read_bytes() for file in files} == files


def test_what_tar_makes_of_a_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "model" / "code").mkdir(parents=True)
    (tmp_path / "model" / "code" / "inference.py").write_text("")
    subprocess.run(["tar", "-C", tmp_path / "model", "-czf", tmp_path / "model.tar.gz", "."], check=True)
    assert unpack(tmp_path / "model.tar.gz", tmp_path / "out") == ["code/inference.py"]


@pytest.mark.parametrize("kind", KINDS)
def test_links_and_devices_are_refused(tmp_path: Path, kind: str) -> None:
    archive = packed(tmp_path / "a.tar.gz", member("a"), member("b", kind=KINDS[kind]))
    with pytest.raises(UnsafeArchive, match=r"^a\.tar\.gz is not unpacked: 'b' is no plain file"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("name", ["/etc/loupe", "../a", "a/../../b", "a/..", "..", "a\\..\\b"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path / "a.tar.gz", member(name))
    with pytest.raises(UnsafeArchive, match="would lie outside"):
        unpack(archive, tmp_path / "in" / "out")
    assert left_in(tmp_path) == ["a.tar.gz"]


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.tar.gz", member("a", b"first"), member("./a", b"second"))
    with pytest.raises(UnsafeArchive, match=r"'\./a' is there already"):
        unpack(archive, tmp_path / "out")
    assert (tmp_path / "out" / "a").read_bytes() == b"first"


def test_more_bytes_than_were_allowed_are_refused_while_they_come(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.tar.gz", member("zeros", bytes(1 << 22)))
    assert archive.stat().st_size < 1 << 14
    with pytest.raises(UnsafeArchive, match="more than 100000 bytes"):
        unpack(archive, tmp_path / "out", most_bytes=100_000)
    assert (tmp_path / "out" / "zeros").stat().st_size <= 100_000


def test_a_header_that_tells_of_much_is_not_believed(tmp_path: Path) -> None:
    lie = tarfile.TarInfo("././@PaxHeader")
    lie.type, lie.size = tarfile.XHDTYPE, 1 << 40
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(lie.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 22)))
    with pytest.raises(UnsafeArchive, match="more than 100000 bytes"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out", most_bytes=100_000)


def test_more_members_than_were_allowed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    archive = packed(tmp_path / "a.tar.gz", *(member(str(number)) for number in range(4)))
    with pytest.raises(UnsafeArchive, match="more than 3 members"):
        unpack(archive, tmp_path / "out")


@settings(max_examples=40)
@given(st.data())
def test_whatever_the_bytes_they_are_unpacked_or_refused(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        whole = packed(Path(name, "a.tar.gz"), member("a", b"text" * 99), member("b/c", b"more")).read_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        spoiled = data.draw(st.sampled_from([whole[:at], whole[:at] + b"\xff" + whole[at + 1 :]]))
        tar = bytearray(gzip.decompress(whole))
        tar[data.draw(st.integers(0, 2000))] ^= data.draw(st.integers(1, 255))
        Path(name, "a.tar.gz").write_bytes(data.draw(st.sampled_from([spoiled, gzip.compress(bytes(tar))])))
        with suppress(UnsafeArchive):
            unpack(Path(name, "a.tar.gz"), Path(name, "out"))
        assert {path.split("/")[0] for path in left_in(Path(name))} <= {"a.tar.gz", "out"}


def test_it_is_a_program_too_that_says_in_one_line_what_it_refuses(tmp_path: Path) -> None:
    good, bad = packed(tmp_path / "good.tar.gz", member("a")), packed(tmp_path / "bad.tar.gz", member("../a"))
    command = [sys.executable, "-I", "-", *map(str, (good, tmp_path / "out"))]
    program = Path(archives.__file__).read_bytes()
    subprocess.run(command, input=program, check=True)
    assert left_in(tmp_path / "out") == ["a"]
    run = subprocess.run(
        [*command[:-2], str(bad), str(tmp_path / "no")], input=program, capture_output=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr.decode() == "bad.tar.gz is not unpacked: '../a' would lie outside of its folder.\n"
