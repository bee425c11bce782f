"""Invents the passengers of a ship: `python -m examples.passengers FOLDER [--passengers N]` writes two tables of them.

They travel in parties of one ticket, whose women, children and rich are saved more often, and mostly together; the same
seed gives the same bytes every time. The columns are those of the well-known table of the Titanic; the people are not.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PASSENGERS = 900
SEED = 19_120_415
HELD_OUT = 5  # of so many rows, one is kept to judge by
COLUMNS = (
    "PassengerId", "Survived", "Pclass", "Name", "Sex", "Age", "SibSp", "Parch", "Ticket", "Fare", "Cabin", "Embarked",
)  # fmt: skip
_SHARE_OF_CLASS = (0.24, 0.21, 0.55)
_PARTIES = ((1, 0), (2, 0), (1, 2), (2, 1), (2, 3))  # adults and children
_SHARE_OF_PARTY = (0.66, 0.18, 0.04, 0.08, 0.04)
_FARES = {1: (26.0, 90.0), 2: (10.5, 16.0), 3: (7.0, 9.5)}
_DECKS = {1: "ABCDE", 2: "DEF", 3: "FG"}
_CABINS_TOLD = {1: 0.8, 2: 0.15, 3: 0.03}
_SAVED = {1: 0.15, 2: 0.0, 3: -0.1}
_AGES_TOLD = 0.8
_SURNAMES = ["Abel", "Arden", "Barlow", "Bexley", "Carrow", "Dorset", "Ellery", "Farrow", "Garland", "Hadley", "Ivory"]
_SURNAMES += ["Jessop", "Kestrel", "Larkin", "Marlow", "Norden", "Orchard", "Penrose", "Quill", "Ransome", "Selby"]
_MEN = ["Albin", "Bruno", "Casper", "Dorian", "Edgar", "Felix", "Gustav", "Hugo", "Ivar", "Jasper", "Konrad", "Leo"]
_WOMEN = ["Ada", "Bella", "Clara", "Dora", "Edith", "Flora", "Greta", "Hilda", "Ida", "Julia", "Klara", "Lena"]


@dataclass(frozen=True, kw_only=True)
class _Party:
    """People of one ticket."""

    surname: str
    pclass: int
    ticket: str
    fare: float
    cabin: str
    port: str
    lucky: float
    couple: bool
    adults: int
    children: int

    @property
    def size(self) -> int:
        return self.adults + self.children


def write(folder: Path, count: int = PASSENGERS, *, seed: int = SEED) -> tuple[Path, Path]:
    """train.csv and validation.csv, which have nobody in common."""
    rows = passengers(count, seed=seed)
    held_out = set(np.random.default_rng(seed + 1).permutation(count).tolist()[: count // HELD_OUT])
    folder.mkdir(parents=True, exist_ok=True)
    train = [row for index, row in enumerate(rows) if index not in held_out]
    validation = [row for index, row in enumerate(rows) if index in held_out]
    return _write(folder / "train.csv", train), _write(folder / "validation.csv", validation)


def passengers(count: int = PASSENGERS, *, seed: int = SEED) -> list[dict[str, str]]:
    """So many rows, in no order."""
    chance = np.random.default_rng(seed)
    rows: list[dict[str, str]] = []
    while len(rows) < count:
        party = _party(chance, len(rows))
        rows.extend(_people(chance, party))
    order = chance.permutation(count).tolist()
    return [{"PassengerId": str(number), **rows[index]} for number, index in enumerate(order, start=1)]


def _party(chance: np.random.Generator, number: int) -> _Party:
    pclass = int(chance.choice(3, p=_SHARE_OF_CLASS)) + 1
    adults, children = _PARTIES[int(chance.choice(len(_PARTIES), p=_SHARE_OF_PARTY))]
    deck = str(chance.choice(list(_DECKS[pclass]))) if chance.random() < _CABINS_TOLD[pclass] else ""
    return _Party(
        surname=str(chance.choice(_SURNAMES)),
        pclass=pclass,
        ticket=f"{chance.choice(('PC ', 'SC ', '', ''))}{10_000 + 7 * number}",
        fare=round(chance.uniform(*_FARES[pclass]) * (adults + children), 4),
        cabin=f"{deck}{chance.integers(2, 120)}" if deck else "",
        port=str(chance.choice(["S", "C", "Q"], p=(0.72, 0.19, 0.09))),
        lucky=float(chance.normal(0, 0.3)),
        couple=adults == 2,
        adults=adults,
        children=children,
    )


def _people(chance: np.random.Generator, party: _Party) -> Iterator[dict[str, str]]:
    for index in range(party.adults):
        female = index == 1 if party.couple else chance.random() < 0.3
        title = ("Mrs" if party.couple or party.children else "Miss") if female else "Mr"
        age = chance.triangular(17, 29, 70)
        yield _person(chance, party, female=female, title=title, age=age, spouses=int(party.couple), kin=party.children)
    for _ in range(party.children):
        female, age = chance.random() < 0.5, chance.uniform(0.5, 15)
        title, siblings = "Miss" if female else "Master", party.children - 1
        yield _person(chance, party, female=female, title=title, age=age, spouses=siblings, kin=party.adults)


def _person(
    chance: np.random.Generator, party: _Party, *, female: bool, title: str, age: float, spouses: int, kin: int
) -> dict[str, str]:
    saved = _SAVED[party.pclass] + party.lucky + 0.9 * female + 0.8 * (age < 13 and not female) - 0.2 * (party.size > 4)
    return {
        "Survived": str(int(chance.random() < saved)),
        "Pclass": str(party.pclass),
        "Name": f"{party.surname}, {title}. {chance.choice(_WOMEN if female else _MEN)}",
        "Sex": "female" if female else "male",
        "Age": f"{age:.1f}" if chance.random() < _AGES_TOLD else "",
        "SibSp": str(spouses),
        "Parch": str(kin),
        "Ticket": party.ticket,
        "Fare": f"{party.fare:g}",
        "Cabin": party.cabin,
        "Embarked": party.port,
    }


def _write(file: Path, rows: list[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description="Invent the passengers of a ship: train.csv and validation.csv.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passengers", type=int, default=PASSENGERS)
    flags = parser.parse_args()
    write(flags.folder, flags.passengers)


if __name__ == "__main__":
    main()
