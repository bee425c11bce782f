"""A version in memory: codes, bounds and cards, each as it was sealed; rows come when they are first needed."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from loupe.cards import Cards
from loupe.cells import Cells
from loupe.nearest import Nearest
from loupe.reference import BOUNDS, CARDS, CELLS, CODES, EMBEDDINGS, Version
from loupe.rows import RowFile


@dataclass(frozen=True)
class Loaded:
    """What answers queries."""

    version: Version
    nearest: Nearest
    cards: Cards
    rows: RowFile

    def search(
        self, vector: ArrayLike, limit: int, *, wanted: dict[str, Any] | None = None, exact: bool | None = None
    ) -> dict[str, Any]:
        """`version`, `proven` and `hits` of an answer; `exact` has it prove what it says, as most versions do."""
        allowed = self.cards.allowed(wanted) if wanted else None
        if exact is None:
            exact = bool(self.version.facts["search"]["proves"])
        found = self.nearest.search(vector, limit, allowed=allowed, exact=exact)
        hits = [
            {
                "card_id": self.cards.ids[hit.row],
                "row": hit.row,
                "score": hit.score,
                "metadata": self.cards.metadata[hit.row],
            }
            for hit in found.hits
        ]
        return {"version": self.version.name, "proven": found.proven, "hits": hits}


def load(version: Version) -> Loaded:
    """Read all but the rows; Damaged if anything is not as it was sealed."""
    files = version.facts["files"]
    bounds = array(version.read(BOUNDS))
    rows = RowFile(version.folder, files[EMBEDDINGS]["bytes"], version.facts["dims"], bounds)
    method = version.facts["search"]
    cells = Cells(array(version.read(CELLS)), method["probes"]) if method["method"] == "cells" else None
    nearest = Nearest(array(version.read(CODES)), bounds, rows, cells)
    return Loaded(version, nearest, Cards.of(version.read(CARDS)), rows)


def array(body: bytes) -> NDArray[Any]:
    """What is in the bytes of an .npy file, without a copy."""
    file = io.BytesIO(body)
    np.lib.format.read_magic(file)
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    return np.frombuffer(body, dtype, offset=file.tell()).reshape(shape)
