"""Which card each row is of, what is known of it, and the rows of the cards that a filter takes."""

import gzip
import json
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loupe.codes import Rows


class UnknownField(ValueError):
    """A filter by a field that no card has."""


class Cards:
    """Card ids and their metadata by row."""

    def __init__(self, ids: list[str], metadata: list[dict[str, Any]]) -> None:
        self.ids, self.metadata = ids, metadata
        self._rows_by_value = lru_cache(maxsize=64)(self._read_field)

    @classmethod
    def of(cls, body: bytes) -> "Cards":
        """From what `packed` made."""
        lines = json.loads(gzip.decompress(body))
        return cls([card_id for card_id, _ in lines], [metadata for _, metadata in lines])

    def packed(self) -> bytes:
        """All of it in one file, the same bytes for the same cards."""
        lines = list(zip(self.ids, self.metadata, strict=True))
        return gzip.compress(json.dumps(lines, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0)

    def allowed(self, wanted: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Which rows are of cards that have, in each of the fields, the value or one of the list of values."""
        mask = np.ones(len(self.ids), np.bool_)
        for field, values in wanted.items():
            rows = self._rows_by_value(field)
            taken = np.zeros(len(self.ids), np.bool_)
            for value in values if isinstance(values, list) else [values]:
                taken[rows.get(_key(value), [])] = True
            mask &= taken
        return mask

    def _read_field(self, field: str) -> dict[Any, Rows]:
        """Rows by what is in a field; a card with a list in it is under each value of the list."""
        found: defaultdict[Any, list[int]] = defaultdict(list)
        for row, metadata in enumerate(self.metadata):
            values = metadata[field] if isinstance(metadata.get(field), list) else [metadata.get(field)]
            for value in values if field in metadata else []:
                found[_key(value)].append(row)
        if not found:
            raise UnknownField(f"No card of this version has the field {field!r}.")
        return {value: np.array(rows, np.intp) for value, rows in found.items()}


def _key(value: Any) -> Any:
    """True is not 1, and 1 is 1.0; what holds other values is compared as JSON."""
    return (type(value) is bool, value if isinstance(value, str | int | float) else json.dumps(value, sort_keys=True))
