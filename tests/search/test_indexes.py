"""What may come with the embeddings: an index, used only if it finds what there is, and a network for pictures."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from containers.search.build import build
from containers.search.findings import Refused
from containers.search.verification import findings
from loupe.codes import Floats
from loupe.reference import Reference
from tests.search.cards import DIMS, ROWS, Deck, deck
from tests.search.networks import one_layer
from tests.search.vectors import uniform

SIDE = 8
PREPROCESSING = {
    "width": SIDE,
    "height": SIDE,
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
    "order": "RGB",
    "layout": "NCHW",
}


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Deck:
    return deck(tmp_path_factory.mktemp("cards") / "deck")


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    return Reference(str(tmp_path / "reference"))


def index_of(path: Path, rows: Floats) -> Path:
    """In a process of its own, for onnxruntime crashes where usearch was imported before it."""
    code = """if True:
        import sys
        import numpy as np
        from usearch.index import Index
        rows = np.load(sys.argv[1])
        index = Index(ndim=rows.shape[1], metric="ip", dtype="f32")
        index.add(np.arange(len(rows)), rows, threads=1)
        index.save(sys.argv[2])"""
    np.save(path.with_suffix(".npy"), rows)
    subprocess.run([sys.executable, "-c", code, path.with_suffix(".npy"), path], check=True, timeout=60)
    return path


def usearch(cards: Deck, reference: Reference, index: Path) -> dict[str, Any]:
    version = build(reference, replace(cards.inputs, usearch_index=index))
    assert list(findings(version)) == []
    told: dict[str, Any] = version.facts["usearch"]
    return told


def test_an_index_that_finds_the_nearest_may_be_used(cards: Deck, reference: Reference, tmp_path: Path) -> None:
    told = usearch(cards, reference, index_of(tmp_path / "i", cards.rows))
    assert told["usable"]
    assert told["recall_at_10"] >= 0.99


def test_an_index_of_other_rows_is_kept_and_may_not_be_used(cards: Deck, reference: Reference, tmp_path: Path) -> None:
    told = usearch(cards, reference, index_of(tmp_path / "i", uniform(ROWS, DIMS, seed=9)))
    assert not told["usable"]
    assert told["recall_at_10"] < 0.5
    assert told["reason"].endswith("and 0.99 is needed.")


@pytest.mark.parametrize("rows", [ROWS - 1, ROWS + 1])
def test_an_index_of_another_size_may_not_be_used(rows: int, cards: Deck, reference: Reference, tmp_path: Path) -> None:
    told = usearch(cards, reference, index_of(tmp_path / "i", uniform(rows, DIMS)))
    assert (
        told["reason"] == f"It cannot be read: it holds {rows} vectors of 32 numbers, and embeddings.npy has 300 of 32"
    )


@pytest.mark.parametrize(
    "spoil", [lambda body: body[:1000], lambda body: body[:-40], lambda _: b"", lambda body: b"x" * len(body)]
)
def test_a_broken_index_is_not_used_and_breaks_nothing(
    spoil: Any, cards: Deck, reference: Reference, tmp_path: Path
) -> None:
    path = index_of(tmp_path / "i", cards.rows)
    path.write_bytes(spoil(path.read_bytes()))
    told = usearch(cards, reference, path)
    assert not told["usable"]
    assert told["reason"].startswith("It cannot be read: ")


def with_embedder(cards: Deck, folder: Path, network: bytes, preprocessing: Any = PREPROCESSING) -> Any:
    (folder / "network.onnx").write_bytes(network)
    (folder / "preprocessing.json").write_text(json.dumps(preprocessing))
    return replace(cards.inputs, embedder=folder / "network.onnx", preprocessing=folder / "preprocessing.json")


def weights(dims: int = DIMS) -> Floats:
    return uniform(3 * SIDE * SIDE, dims)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_an_embedder_is_stored_with_how_pictures_are_prepared(
    layout: str, cards: Deck, reference: Reference, tmp_path: Path
) -> None:
    asked = PREPROCESSING | {"layout": layout}
    network = one_layer(weights(), side=SIDE, layout=layout)
    version = build(reference, with_embedder(cards, tmp_path, network, asked))
    assert version.facts["embedder"] == {"file": "embedder.onnx", **asked}
    assert version.read("embedder.onnx") == network
    assert list(findings(version)) == []


UNABLE: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "no network": (b"no network", {}, r"embedder\.onnx: it does not take an image of \(1, 3, 8, 8\)"),
    "other numbers": (
        one_layer(weights(16), side=SIDE),
        {},
        r"embedder\.onnx: it makes 16 numbers .* the rows have 32",
    ),
    "other size": (one_layer(weights(), side=SIDE), {"width": 9}, r"it does not take an image of \(1, 3, 8, 9\)"),
    "divides by zero": (b"", {"std": [1, 0, 1]}, r"preprocessing\.json: .*data\.std\[1\]"),
    "unknown order": (b"", {"order": "GBR"}, r"preprocessing\.json: .*data\.order"),
    "unknown field": (b"", {"crop": 1}, r"preprocessing\.json: .*crop"),
}


@pytest.mark.parametrize("name", UNABLE)
def test_an_embedder_that_cannot_serve_is_refused(name: str, cards: Deck, reference: Reference, tmp_path: Path) -> None:
    network, said, reason = UNABLE[name]
    with pytest.raises(Refused, match=reason):
        build(reference, with_embedder(cards, tmp_path, network, PREPROCESSING | said))


def test_an_embedder_and_its_preprocessing_come_together(cards: Deck, reference: Reference, tmp_path: Path) -> None:
    inputs = with_embedder(cards, tmp_path, one_layer(weights(), side=SIDE))
    for alone in (replace(inputs, embedder=None), replace(inputs, preprocessing=None)):
        with pytest.raises(Refused, match="together or not at all"):
            build(reference, alone)
