"""What a team has of its cards: the files that versions are built from, small."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from containers.search.assembly import Inputs
from loupe.codes import Floats
from tests.search.vectors import clustered

ROWS, DIMS = 300, 32
FILES = ["bounds.npy", "cards.json.gz", "codes.npy", "embeddings.npy", "index.json", "metadata.json"]


@dataclass(frozen=True)
class Deck:
    """A folder with embeddings, index and metadata."""

    folder: Path

    @property
    def inputs(self) -> Inputs:
        return Inputs(embeddings=self.embeddings, index_json=self.index, metadata=self.metadata)

    @property
    def embeddings(self) -> Path:
        return self.folder / "cards.npy"

    @property
    def index(self) -> Path:
        return self.folder / "rows.json"

    @property
    def metadata(self) -> Path:
        return self.folder / "cards.json"

    @property
    def rows(self) -> Floats:
        found: Floats = np.load(self.embeddings)
        return found

    def known(self, path: Path) -> Any:
        return json.loads(path.read_text())


def deck(folder: Path, *, rows: int = ROWS, dims: int = DIMS, seed: int = 1) -> Deck:
    """Cards of five sets; every seventh is a promotion."""
    folder.mkdir(parents=True)
    made = Deck(folder)
    np.save(made.embeddings, clustered(rows, dims, seed))
    ids = [f"set{row % 5}-{row}" for row in range(rows)]
    made.index.write_text(json.dumps({str(row): card_id for row, card_id in enumerate(ids)}))
    known = {
        card_id: {
            "name": f"Card {row}",
            "set": f"set{row % 5}",
            "promo": row % 7 == 0,
            "types": ["fire", "water"][: row % 3],
        }
        for row, card_id in enumerate(ids)
    }
    made.metadata.write_text(json.dumps(known))
    return made
