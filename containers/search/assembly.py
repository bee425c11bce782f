"""What a team has of its cards → all files of a version in a folder of this machine, and what `version.json` says."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from containers.search import embedder, recall
from containers.search.clusters import Clusters, clusters
from containers.search.findings import Finding, Refused
from containers.search.keys import read_cards
from containers.search.matrix import Matrix, bad_rows
from loupe.artifacts import open_artifacts
from loupe.codes import BOUND, checks, encode
from loupe.nearest import Nearest
from loupe.reference import BOUNDS, CARDS, CELLS, CODES, EMBEDDER, EMBEDDINGS, INDEX, METADATA, USEARCH
from loupe.rows import RowFile

SMALL_BYTES = 4_000 * 768  # of codes: cells spare nothing where so few are scanned


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Files of this machine: the flags of `python -m containers.search build`."""

    embeddings: Path
    index_json: Path
    metadata: Path
    usearch_index: Path | None = None
    embedder: Path | None = None
    preprocessing: Path | None = None

    def files(self) -> dict[str, Path]:
        """Those that become a part of the version, by their name in it."""
        named = {EMBEDDINGS: self.embeddings, INDEX: self.index_json, METADATA: self.metadata}
        named |= {USEARCH: self.usearch_index} if self.usearch_index else {}
        return named | ({EMBEDDER: self.embedder} if self.embedder else {})


def assemble(inputs: Inputs, folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Write what is derived beside links to what was given; Refused says what is wrong with that."""
    for name, path in inputs.files().items():
        (folder / name).symlink_to(path.resolve(strict=True))
    with (folder / EMBEDDINGS).open("rb") as file:
        matrix = Matrix(file)
        tell(f"{matrix.rows} rows of {matrix.dims} numbers: checking")
        cards = read_cards((folder / INDEX).read_bytes(), (folder / METADATA).read_bytes(), matrix.rows)
        network = _embedder(inputs, matrix.dims)
        _check_rows(matrix)
        (folder / CARDS).write_bytes(cards.packed())
        found = clusters(matrix) if matrix.rows * matrix.dims > SMALL_BYTES else None
        tell("encoding")
        _write_codes(matrix, found, folder)
    tell("measuring recall")
    measured = _measured(folder, (matrix.rows, matrix.dims), found)
    files = {path.name: digest(path) for path in sorted(folder.iterdir())}
    return {
        "rows": matrix.rows,
        "dims": matrix.dims,
        "metric": "cosine",
        "files": files,
        "embedder": network,
        **measured,
    }


def digest(path: Path) -> dict[str, Any]:
    """What tells a file from all others."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _check_rows(matrix: Matrix) -> None:
    def found() -> Iterator[Finding]:
        for start, block in matrix.blocks():
            yield from bad_rows(start, block)

    if (refused := Refused(found())).findings:
        raise refused


def _embedder(inputs: Inputs, dims: int) -> dict[str, Any] | None:
    if not inputs.embedder and not inputs.preprocessing:
        return None
    if not inputs.embedder or not inputs.preprocessing:
        raise Refused([Finding(EMBEDDER, "an embedder and its preprocessing are given together or not at all")])
    preprocessing = embedder.read_preprocessing(inputs.preprocessing.read_bytes())
    if doubts := embedder.doubts(inputs.embedder.read_bytes(), preprocessing, dims):
        raise Refused(doubts)
    return preprocessing


def _write_codes(matrix: Matrix, found: Clusters | None, folder: Path) -> None:
    """Codes and bounds in the order of the cells, written to files as they are made."""
    order = found.order if found else np.arange(matrix.rows)
    places = np.empty_like(order)
    places[order] = np.arange(matrix.rows)
    codes = np.lib.format.open_memmap(folder / CODES, "w+", np.int8, (matrix.rows, matrix.dims))
    bounds = np.empty(matrix.rows, BOUND)
    bounds["row"] = order
    for start, block in matrix.blocks():
        at = places[start : start + len(block)]
        codes[at], bounds["scale"][at], bounds["error"][at] = encode(block)
        bounds["crc"][at] = checks(block)
    codes.flush()
    np.save(folder / BOUNDS, bounds)
    if found:
        np.save(folder / CELLS, found.table)


def _measured(folder: Path, shape: tuple[int, int], found: Clusters | None) -> dict[str, Any]:
    """The `search` and `usearch` of `version.json`; cells that are not good enough are taken away again."""
    codes, bounds = np.load(folder / CODES, mmap_mode="r"), np.load(folder / BOUNDS)
    source = RowFile(open_artifacts(str(folder)), (folder / EMBEDDINGS).stat().st_size, shape[1], bounds)
    said: dict[str, Any] = {"search": recall.scan("All codes are scanned in half a millisecond.")}
    usearch = folder / USEARCH
    if found or usearch.exists():
        recall.read_ahead(source, codes.nbytes)
        asked = recall.sample(Nearest(codes, bounds, source), source)
        if found:
            said["search"] = recall.of_cells(asked, codes, bounds, found.table)
        said["usearch"] = recall.of_usearch(asked, usearch, shape) if usearch.exists() else None
    if found and said["search"]["method"] == "scan":
        (folder / CELLS).unlink()
    return {"usearch": None, **said}
