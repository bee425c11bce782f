"""Cards that never were: rows of length 1 with and without clusters, and queries beside them, always the same ones."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DIMS = 768
BLOCK_ROWS = 20_000
ROWS_PER_CLUSTER = 40
SPREAD = 0.7  # of a cluster's rows, where its center has length 1
KINDS = ("clustered", "uniform")


def write(folder: Path, kind: str, rows: int) -> Path:
    """`embeddings.npy`, `index.json` and `metadata.json`, made block by block."""
    folder.mkdir(parents=True)
    path = folder / "embeddings.npy"
    file = np.lib.format.open_memmap(path, "w+", np.float32, (rows, DIMS))
    start = 0
    for block in _blocks(kind, rows, seed=1):
        file[start : start + len(block)] = block
        start += len(block)
    file.flush()
    ids = [f"card-{row}" for row in range(rows)]
    (folder / "index.json").write_text(json.dumps(ids))
    (folder / "metadata.json").write_text(json.dumps({card: {"set": row % 97} for row, card in enumerate(ids)}))
    return path


def queries(kind: str, rows: int, count: int) -> Floats:
    """Of the same distribution as the rows, and none of them."""
    return next(_blocks(kind, rows, seed=2))[:count]


def _blocks(kind: str, rows: int, *, seed: int) -> Iterator[Floats]:
    random = np.random.default_rng(seed)
    centers = _unit(np.random.default_rng(0).standard_normal((max(1, rows // ROWS_PER_CLUSTER), DIMS), np.float32))
    for start in range(0, rows, BLOCK_ROWS):
        block = random.standard_normal((min(BLOCK_ROWS, rows - start), DIMS), np.float32)
        if kind == "clustered":
            block *= SPREAD / math.sqrt(DIMS)
            block += centers[random.integers(0, len(centers), len(block))]
        yield _unit(block)


def _unit(rows: Floats) -> Floats:
    found: Floats = np.divide(rows, np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    return found
