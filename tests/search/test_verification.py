"""What a version says of itself is read again and held against its rows: each flaw is named with its file and row."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from containers.search.assembly import digest
from containers.search.findings import Refused
from containers.search.publication import publish
from containers.search.verification import findings
from loupe.reference import NotPublished, Reference, Version
from tests.search.cards import DIMS, FILES


def flipped(version: Version, file: str, at: int = -2) -> None:
    path = Path(version.folder.url, file)
    body = bytearray(path.read_bytes())
    body[at] ^= 0x10
    path.write_bytes(body)


@pytest.mark.parametrize("file", FILES)
def test_a_flipped_byte_is_refused_with_the_file_and_both_checksums(
    file: str, version: Version, reference: Reference
) -> None:
    flipped(version, file)
    with pytest.raises(Refused, match=rf"{file}: it has \d+ bytes with SHA-256 \w{{64}}, and version.json says"):
        publish(reference, "first")
    with pytest.raises(NotPublished):
        reference.pointer()


def test_a_flipped_byte_in_a_row_is_refused_with_the_row(version: Version) -> None:
    flipped(version, "embeddings.npy", 128 + 4 * DIMS * 17 + 5)
    assert {finding.row for finding in findings(version)} == {None, 17}


def test_a_file_that_is_gone_cut_or_added_is_named(version: Version) -> None:
    folder = Path(version.folder.url)
    (folder / "codes.npy").unlink()
    (folder / "index.json").write_bytes((folder / "index.json").read_bytes()[:-1])
    (folder / "notes.txt").write_text("mine")
    told = [str(finding) for finding in findings(version)]
    assert any(text.startswith("codes.npy: it is gone; version.json says it has 9728 bytes") for text in told)
    assert any(text.startswith("index.json: it has") for text in told)
    assert any(text.startswith("notes.txt: nothing may lie here") for text in told)


def sealed_anew(version: Version, file: str, array: Any) -> Version:
    """A version whose seal knows what was done to it, as a faulty program would write it."""
    path = Path(version.folder.url, file)
    np.save(path, array)
    version.facts["files"][file] = digest(path)
    return Version(version.name, version.facts, version.folder)


def test_codes_that_are_not_of_their_rows_are_refused_though_they_are_sealed(version: Version) -> None:
    codes = np.load(Path(version.folder.url, "codes.npy"))
    codes[17] = -codes[17]
    assert [str(finding)[:20] for finding in findings(sealed_anew(version, "codes.npy", codes))] == [
        "codes.npy, row 17: i"
    ]


def test_bounds_that_promise_too_much_are_refused_though_they_are_sealed(version: Version) -> None:
    bounds = np.load(Path(version.folder.url, "bounds.npy"))
    bounds["error"][17] /= 2
    [finding] = findings(sealed_anew(version, "bounds.npy", bounds))
    assert finding.row == 17
    assert "bounds.npy says at most" in finding.reason


@pytest.mark.parametrize(
    ("column", "factor", "said"),
    [("reach", 1.1, "its cell 3 does not reach it"), ("scale", 0.9, "the center of cell 3 has length 0.9, and must")],
)
def test_cells_that_promise_too_much_are_refused_though_they_are_sealed(
    column: str, factor: float, said: str, celled: Version
) -> None:
    cells = np.load(Path(celled.folder.url, "cells.npy"))
    cells[column][3] *= factor
    found = [str(finding) for finding in findings(sealed_anew(celled, "cells.npy", cells))]
    assert any(said in text for text in found)
    assert all(text.startswith("cells.npy") for text in found)


def test_bounds_with_a_row_twice_are_refused(version: Version) -> None:
    bounds = np.load(Path(version.folder.url, "bounds.npy"))
    bounds["row"][17] = 16
    assert [finding.file for finding in findings(sealed_anew(version, "bounds.npy", bounds))] == ["bounds.npy"]
