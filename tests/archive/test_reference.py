"""Rows of embeddings, rows of the index and cards of the metadata are the same cards, or it is said which are not."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.archive.reference import reference_findings, rows_of
from loupe.artifacts import open_artifacts

CARDS = ["base1-4", "base1-5", "ü-1"]


def put(folder: Path, version: str = "2026-01-11", **files: Any) -> Path:
    """A version folder; `None` leaves a file out."""
    whole: dict[str, Any] = {
        "embeddings.npy": array(len(CARDS)),
        "index.json": {str(row): card for row, card in enumerate(CARDS)},
        "metadata.json": {card: {"name": card} for card in CARDS},
        "version.json": {"dims": 4},
    }
    place = folder / version
    place.mkdir(parents=True)
    for name, body in (whole | {name.replace("__", "."): body for name, body in files.items()}).items():
        if body is not None:
            (place / name).write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
    return folder


def array(rows: int, dims: int = 4) -> bytes:
    body = io.BytesIO()
    np.save(body, np.zeros((rows, dims), np.float32))
    return body.getvalue()


def found(folder: Path) -> list[tuple[str, str]]:
    return [(finding.key, finding.reason) for finding in reference_findings(open_artifacts(str(folder)))]


@pytest.mark.parametrize("index", [CARDS, {"2": "ü-1", "0": "base1-4", "1": "base1-5"}])
def test_a_whole_version_has_nothing_wrong(tmp_path: Path, index: Any) -> None:
    put(tmp_path, index__json=index)
    (tmp_path / "current.json").write_text('{"version": "2026-01-11"}')
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("files", "name", "reason"),
    [
        ({"embeddings__npy": array(4)}, "index.json", "it has 3 rows, and embeddings.npy has 4"),
        ({"index__json": [*CARDS[:2], CARDS[1]]}, "index.json", "it has 1 cards more than once: base1-5"),
        ({"index__json": [*CARDS[:2], "other"]}, "index.json", "it has 1 cards that metadata.json has not: other"),
        (
            {"metadata__json": dict.fromkeys([*CARDS, "more"])},
            "index.json",
            "it has not 1 cards that metadata.json has: more",
        ),
        ({"index__json": {"0": "a", "2": "b"}}, "index.json", "its rows are not those from 0 to 1"),
        ({"index__json": {"a": "b"}}, "index.json", "its names are no rows"),
        ({"metadata__json": b"{"}, "metadata.json", "it cannot be read"),
        ({"metadata__json": []}, "metadata.json", "it is a list"),
        ({"embeddings__npy": array(3)[:-1]}, "embeddings.npy", "it has 175 bytes, and its header says 176"),
        ({"embeddings__npy": b"no array at all"}, "embeddings.npy", "it is no array of NumPy"),
        ({"embeddings__npy": None}, "embeddings.npy", "version.json is there, and this is not"),
    ],
)
def test_what_does_not_agree_is_said(tmp_path: Path, files: dict[str, Any], name: str, reason: str) -> None:
    told = found(put(tmp_path, **files))
    assert any(key == f"data/reference/2026-01-11/{name}" and why.startswith(reason) for key, why in told), told


def test_a_version_in_the_making_is_left_alone(tmp_path: Path) -> None:
    assert found(put(tmp_path, version__json=None, metadata__json=None)) == []


def test_a_pointer_to_no_version_is_named(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "current.json").write_text('{"version": "2026-01-12"}')
    assert found(tmp_path) == [
        ("data/reference/current.json", "it points to '2026-01-12', and there is no such version")
    ]


@settings(deadline=None)
@given(shape=st.lists(st.integers(0, 9), min_size=1, max_size=3), kind=st.sampled_from(["<f4", "<f8", "<f2", "|i1"]))
def test_rows_are_counted_without_reading_them(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], kind: str
) -> None:
    folder = tmp_path_factory.mktemp("arrays")
    np.save(folder / "a.npy", np.zeros(shape, np.dtype(kind)))
    assert rows_of(open_artifacts(str(folder)), "a.npy") == shape[0]
