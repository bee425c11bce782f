"""A table of passengers, checked: what cannot be used is refused by its row and column."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from refusals import Refused

OUTCOME = "Survived"
MISSING = math.nan
_TITLE = re.compile(r",\s*([^,.]+)\.")
_SAME_TITLE = {"Mlle": "Miss", "Ms": "Miss", "Mme": "Mrs"}


@dataclass(frozen=True)
class Passenger:
    """One row; a missing number is NaN, a missing word empty, and an outcome that was not asked for None."""

    id: str
    pclass: int
    female: bool
    age: float
    relatives: int
    ticket: str
    fare: float
    deck: str
    title: str
    surname: str
    survived: int | None

    @property
    def family(self) -> str:
        """The same for people of one surname with equally many relatives on board; empty for people by themselves."""
        return f"{self.surname}/{self.relatives}" if self.relatives else ""


def labelled(text: str, table: str) -> list[Passenger]:
    """Rows of CSV that say who survived: some did and some did not."""
    found = unlabelled(text, table, [*_READERS, OUTCOME])
    if {one.survived for one in found} != {0, 1}:
        raise Refused(f"{table}: column {OUTCOME}: there must be rows with 0 and rows with 1.")
    return found


def unlabelled(text: str, table: str, columns: Iterable[str] = ()) -> list[Passenger]:
    """Rows of CSV with a header; columns that nobody asks for are left out."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    return checked(_numbered(reader, table, set(columns or _READERS)))


def checked(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Passenger]:
    """Passengers from rows, each with the words by which it is refused; every id once."""
    found: dict[str, Passenger] = {}
    for where, row in rows:
        one = _passenger(row, where)
        if one.id in found:
            raise Refused(f"{where}: column PassengerId: {one.id} was there before.")
        found[one.id] = one
    if not found:
        raise Refused("There are no rows.")
    return list(found.values())


def _numbered(reader: csv.DictReader[str], table: str, columns: set[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        if missing := columns - set(reader.fieldnames or ()):
            raise Refused(f"{table}: the header has no column {min(missing)}.")
        for row in reader:
            where = f"{table}: row {reader.line_num}"
            if None in row or None in row.values():
                raise Refused(f"{where}: it has not as many values as the header has columns.")
            yield where, row
    except csv.Error as error:
        raise Refused(f"{table}: row {reader.line_num}: {error}.") from error
    if reader.line_num < 2:
        raise Refused(f"{table}: there are no rows below the header.")


def _passenger(row: Mapping[str, Any], where: str) -> Passenger:
    told = {name: _value(read, name, row, where) for name, read in _READERS.items()}
    return Passenger(
        id=told["PassengerId"],
        pclass=int(told["Pclass"]),
        female=told["Sex"] == "female",
        age=told["Age"],
        relatives=told["SibSp"] + told["Parch"],
        ticket=told["Ticket"],
        fare=told["Fare"],
        deck=told["Cabin"][:1],
        title=_title(told["Name"]),
        surname=told["Name"].partition(",")[0].strip(),
        survived=int(_value(_one_of("0", "1"), OUTCOME, row, where)) if OUTCOME in row else None,
    )


def _value(read: Callable[[str], Any], name: str, row: Mapping[str, Any], where: str) -> Any:
    text = "" if row.get(name) is None else str(row[name]).strip()
    try:
        return read(text)
    except ValueError as error:
        raise Refused(f"{where}: column {name}: {text[:40]!r} is not {error}.") from error


def _title(name: str) -> str:
    found = _TITLE.search(name)
    title = found[1].strip() if found else ""
    return _SAME_TITLE.get(title, title)


def _word(text: str) -> str:
    if not text:
        raise ValueError("a word")
    return text


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return read


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,2}", text, re.ASCII):
        raise ValueError("a number from 0 to 99")
    return int(text)


def _measure(most: float) -> Callable[[str], float]:
    """A number, or nothing."""

    def read(text: str) -> float:
        if not text:
            return MISSING
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{0,9})?", text, re.ASCII) or float(text) > most:
            raise ValueError(f"a number from 0 to {most:g}, or empty")
        return float(text)

    return read


_READERS: dict[str, Callable[[str], Any]] = {
    "PassengerId": _word,
    "Pclass": _one_of("1", "2", "3"),
    "Name": _word,
    "Sex": _one_of("male", "female"),
    "Age": _measure(120),
    "SibSp": _count,
    "Parch": _count,
    "Ticket": str,
    "Fare": _measure(10_000),
    "Cabin": str,
}
