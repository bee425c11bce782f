"""A reference version in memory: its codes and cards, and its embedder once an image comes."""

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from loupe.loaded import Loaded, load
from loupe.reference import EMBEDDER, EMBEDDINGS, Reference
from loupe.rows import Damaged

if TYPE_CHECKING:
    from lambdas.search.embedding import Embedder


ANSWERS_UNTIL_WARM = 10


class NoEmbedder(ValueError):
    """An image was sent to a version that cannot embed one."""


class Searchable:
    """One version, loaded whole; its embedder comes with the first image, its float32 rows as they are needed.

    Once it has answered a few queries it reads all rows in one go, if they are not too many: one query waits, so that
    hundreds need not fetch a few rows each.
    """

    def __init__(self, loaded: Loaded, *, most_row_bytes: int) -> None:
        self._loaded, self._most_row_bytes, self._answers = loaded, most_row_bytes, 0

    @classmethod
    def load(cls, reference: Reference, name: str, *, most_row_bytes: int) -> "Searchable":
        """Read and check it; NoSuchVersion without it, Damaged where it is not what was sealed."""
        return cls(load(reference.version(name)), most_row_bytes=most_row_bytes)

    @property
    def name(self) -> str:
        return self._loaded.version.name

    def check_embedder(self) -> None:
        """NoEmbedder where the version has none."""
        if not self._loaded.version.facts["embedder"]:
            raise NoEmbedder(f"Version {self.name} holds no embedder: send a vector or a row instead of an image.")

    def embedded(self, picture: Image.Image) -> NDArray[np.float32]:
        """The picture's vector; Damaged where the embedder fails."""
        try:
            return self._embedder.vector(picture)
        except Damaged:
            raise
        except Exception as error:  # onnxruntime has a dozen kinds of its own
            raise Damaged(f"The embedder of version {self.name} takes no image: {error}") from error

    def row(self, row: int) -> NDArray[np.float32]:
        """A row as a query; IndexError without it."""
        return self._loaded.nearest.row(row)

    def search(self, vector: Any, query: dict[str, Any]) -> dict[str, Any]:
        """The nearest cards, as an answer has them."""
        self._answers += 1
        if self._answers == ANSWERS_UNTIL_WARM:
            self._read_rows()
        return self._loaded.search(
            vector, int(query.get("limit", 10)), wanted=query.get("filter"), exact=query.get("exact")
        )

    def _read_rows(self) -> None:
        """All of them; a damaged one is told by the queries that need it."""
        if self._loaded.version.facts["files"][EMBEDDINGS]["bytes"] <= self._most_row_bytes:
            with suppress(Damaged):
                self._loaded.rows.fetch_all()

    @cached_property
    def _embedder(self) -> "Embedder":
        from lambdas.search.embedding import Embedder  # noqa: PLC0415  # 0.2 s that most cold starts are spared

        version = self._loaded.version
        return Embedder(version.read(EMBEDDER), version.facts["embedder"])
