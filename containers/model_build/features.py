"""Passengers → numbers. What is known of others comes from the training table alone, and never from oneself."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from passengers import MISSING, Passenger
from provenance import sha256_of
from refusals import Refused

FILE = "features.json"
VERSION = 1
_LEAST_OF_A_TITLE = 10  # rows; rarer titles are one category
_PLAIN = ("pclass", "female", "age", "family_size", "group_size", "fare_per_head", "deck", "companions_survived")


class Companion(NamedTuple):
    """What is kept of a passenger of the training table, for those who travel with them."""

    id: str
    ticket: str
    family: str
    survived: int


class Features:
    """Fitted once, on the training table; the same for every passenger thereafter."""

    def __init__(self, *, titles: Iterable[str], decks: Iterable[str], known: Iterable[Sequence[Any]]) -> None:
        self._titles, self._decks = tuple(titles), tuple(decks)
        self._known = tuple(Companion(*one) for one in known)
        self._by_ticket = _grouped((one.ticket, one) for one in self._known)
        self._by_family = _grouped((one.family, one) for one in self._known)

    @classmethod
    def fit(cls, table: Sequence[Passenger]) -> Features:
        """Learn from passengers whose outcomes are known."""
        titles = Counter(one.title for one in table)
        return cls(
            titles=sorted(title for title, count in titles.items() if count >= _LEAST_OF_A_TITLE),
            decks=sorted({one.deck for one in table if one.deck}),
            known=[Companion(one.id, one.ticket, one.family, int(one.survived or 0)) for one in table],
        )

    @property
    def columns(self) -> list[str]:
        """What each number of a row means."""
        return [*_PLAIN, *(f"title_{title}" for title in self._titles), "title_other"]

    def matrix(self, table: Iterable[Passenger]) -> NDArray[np.float64]:
        """A row for each passenger; what is missing is NaN."""
        return np.array([self._row(one) for one in table], dtype=np.float64).reshape(-1, len(self.columns))

    def told(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        known = [list(one) for one in self._known]
        return {
            "version": VERSION,
            "columns": self.columns,
            "titles": list(self._titles),
            "decks": list(self._decks),
            "known": known,
        }

    def _row(self, one: Passenger) -> list[float]:
        on_ticket = self._others(one, self._by_ticket[one.ticket])
        companions = {other.id: other for other in (*on_ticket, *self._others(one, self._by_family[one.family]))}
        group = max(len(on_ticket), one.relatives) + 1
        deck = self._decks.index(one.deck) if one.deck in self._decks else MISSING
        saved = [other.survived for other in companions.values()]
        plain = [one.pclass, one.female, one.age, one.relatives + 1, group, one.fare / group, deck, _mean(saved)]
        titles = [one.title == title for title in self._titles]
        return [float(value) for value in (*plain, *titles, one.title not in self._titles)]

    def _others(self, one: Passenger, found: Iterable[Companion]) -> list[Companion]:
        return [other for other in found if other.id != one.id]


def read(folder: Path) -> tuple[Features, dict[str, Any]]:
    """What was written beside arrays or a model, and all that was said there."""
    told = json.loads((folder / FILE).read_text(encoding="utf-8"))
    return Features(titles=told["titles"], decks=told["decks"], known=told["known"]), told


def array(folder: Path, name: str, told: dict[str, Any]) -> NDArray[Any]:
    """One of the arrays that were written beside features.json; Refused if it is another."""
    file = folder / name
    if not file.is_file() or sha256_of(file) != told["arrays"].get(name):
        raise Refused(f"{name} is not the array that {FILE} was written beside.")
    found: NDArray[Any] = np.load(file, allow_pickle=False)
    return found


def _grouped(pairs: Iterable[tuple[str, Companion]]) -> defaultdict[str, list[Companion]]:
    """By a name that is not empty."""
    groups: defaultdict[str, list[Companion]] = defaultdict(list)
    for name, one in pairs:
        if name:
            groups[name].append(one)
    return groups


def _mean(values: Sequence[int]) -> float:
    return math.fsum(values) / len(values) if values else MISSING
