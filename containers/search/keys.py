"""`index.json` and `metadata.json` → the card of each row: one card for each row and one row for each card."""

import json
from collections.abc import Iterator
from typing import Any

from containers.search.findings import Finding, Refused
from loupe.cards import Cards
from loupe.reference import INDEX, METADATA


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it had twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.twice = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]  # None: it was not there


def read_cards(index: bytes, metadata: bytes, rows: int) -> Cards:
    """The cards by row; Refused says of each row and card what is wrong."""
    ids, known = _ids(_parsed(INDEX, index), rows), _known(_parsed(METADATA, metadata))
    findings = [*_doubts(ids), *_crossing(ids, known)]
    if findings:
        raise Refused(findings)
    return Cards(ids, [known[card_id] for card_id in ids])


def _parsed(file: str, body: bytes) -> Any:
    try:
        found = json.loads(body, object_pairs_hook=_Object)
    except ValueError as error:
        raise Refused([Finding(file, f"it is no JSON: {error}")]) from None
    if isinstance(found, _Object) and found.twice:
        raise Refused(Finding(file, f"it has the key {key!r} twice") for key in found.twice)
    return found


def _ids(found: Any, rows: int) -> list[Any]:
    """What the rows are of, from a list or from an object by row."""
    by_row = found if isinstance(found, dict) else dict(enumerate(found)) if isinstance(found, list) else None
    if by_row is None:
        raise Refused([Finding(INDEX, "it must be a list of card ids, or an object from row to card id")])
    keyed = {str(key): card_id for key, card_id in by_row.items()}
    missing = [row for row in range(rows) if str(row) not in keyed]
    extra = sorted(set(keyed) - {str(row) for row in range(rows)})
    if missing or extra:
        gone = [Finding(INDEX, "it has no card, and embeddings.npy has the row", row) for row in missing]
        more = [Finding(INDEX, f"it has {key!r}, and embeddings.npy has rows 0 to {rows - 1}") for key in extra]
        raise Refused(gone + more)
    return [keyed[str(row)] for row in range(rows)]


def _known(found: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(found, dict):
        raise Refused([Finding(METADATA, "it must be an object from card id to what is known of the card")])
    odd = [card_id for card_id, known in found.items() if not isinstance(known, dict)]
    if odd:
        raise Refused(Finding(METADATA, f"what it says of {card_id!r} must be an object") for card_id in odd)
    return found


def _doubts(ids: list[Any]) -> Iterator[Finding]:
    """Rows whose card is none, or is another row's too."""
    first: dict[str, int] = {}
    for row, card_id in enumerate(ids):
        if not isinstance(card_id, str) or not card_id:
            yield Finding(INDEX, f"its card id is {card_id!r}, and must be a text", row)
        elif first.setdefault(card_id, row) != row:
            yield Finding(INDEX, f"it is of {card_id!r}, and so is row {first[card_id]}", row)


def _crossing(ids: list[Any], known: dict[str, Any]) -> Iterator[Finding]:
    """Cards that only one of the two files knows."""
    named = {card_id for card_id in ids if isinstance(card_id, str)}
    for row, card_id in enumerate(ids):
        if isinstance(card_id, str) and card_id not in known:
            yield Finding(METADATA, f"it has nothing of {card_id!r}, which {INDEX} has in row {row}")
    for card_id in known:
        if card_id not in named:
            yield Finding(METADATA, f"it has {card_id!r}, and no row of {INDEX} is of it")
