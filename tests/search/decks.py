"""Small sets of cards, drawn or only numbers, as versions are built from them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containers.search.assembly import Inputs
from examples import cards

CARDS = 12


def drawn(folder: Path, count: int = CARDS) -> Inputs:
    """Cards with pictures, and the network that embeds them."""
    cards.write(folder, count)
    return files(folder)


def files(folder: Path) -> Inputs:
    """What lies in a folder, by its usual name."""
    network = folder / "embedder.onnx"
    return Inputs(
        embeddings=folder / "embeddings.npy",
        index_json=folder / "index.json",
        metadata=folder / "metadata.json",
        embedder=network if network.exists() else None,
        preprocessing=folder / "preprocessing.json" if network.exists() else None,
    )


def numbers(folder: Path, rows: int = 40, *, dims: int = 32, deck: str = "a", **more: Any) -> Inputs:
    """Cards that are vectors only; each tells which deck it is of, in its id and its metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"{deck}-{row:05}" for row in range(rows)]
    np.save(folder / "embeddings.npy", vectors(rows, dims, seed=sum(deck.encode())))
    (folder / "index.json").write_text(json.dumps(ids))
    known = {card_id: {"deck": deck, "parity": row % 2, **more} for row, card_id in enumerate(ids)}
    (folder / "metadata.json").write_text(json.dumps(known))
    return files(folder)


def vectors(rows: int, dims: int, *, seed: int = 1) -> NDArray[np.float32]:
    """Unit vectors in all directions."""
    found = np.random.default_rng(seed).normal(size=(rows, dims))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)
