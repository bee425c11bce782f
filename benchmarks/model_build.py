"""The model beside simpler ones, cross-validated: `python -m benchmarks.model_build TRAIN.csv VALIDATION.csv`.

Rows are judged by models that have not seen them; what is learnt of others is of the same fold's training rows.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "containers" / "model_build"))  # a bundle's modules are flat

import argparse
import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy import optimize, stats

import boosting
from features import Features
from passengers import Passenger, labelled

FOLDS, REPEATS, SEED = 10, 10, 1
OURS, REFERENCE = "loupe", "reference"
Numbers = NDArray[np.float64]
Outcomes = NDArray[np.int64]
_EMBARKED = {"S": 0.0, "C": 1.0, "Q": 2.0}


@dataclass(frozen=True)
class Row:
    """A passenger, as checked and as written."""

    passenger: Passenger
    told: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Result:
    """Mean accuracies; of `over_reference`, where the truth lies 95 times of 100."""

    name: str
    accuracy: float
    over_reference: float
    low: float
    high: float
    held_out: float


Model = Callable[[Sequence[Row], Outcomes, Sequence[Row]], Outcomes]


def main() -> None:
    program = argparse.ArgumentParser(description=__doc__)
    program.add_argument("tables", type=Path, nargs=2, metavar="TRAIN.csv VALIDATION.csv")
    program.add_argument("--repeats", type=int, default=REPEATS)
    program.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    asked = program.parse_args()
    train, held_out = (_rows(table) for table in asked.tables)
    results = measured(train, held_out, repeats=asked.repeats)
    _show(results, len(train) + len(held_out), asked.repeats)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(result) for result in results], indent=1))


def measured(train: Sequence[Row], held_out: Sequence[Row], *, repeats: int) -> list[Result]:
    """Every model on the same folds of all rows, and once as it is used: train beside validation."""
    rows = [*train, *held_out]
    outcomes = _outcomes(rows)
    splits = list(_splits(outcomes, repeats))
    scores = {name: [_score(model, rows, outcomes, test) for test in splits] for name, model in MODELS.items()}
    once = np.arange(len(rows)) >= len(train)
    return [
        Result(
            name=name,
            accuracy=float(np.mean(scores[name])),
            held_out=_score(model, rows, outcomes, once),
            **_difference(np.subtract(scores[name], scores[REFERENCE])),
        )
        for name, model in MODELS.items()
    ]


def _ours(train: Sequence[Row], outcomes: Outcomes, test: Sequence[Row]) -> Outcomes:
    features = Features.fit([row.passenger for row in train])
    known, asked = (features.matrix(row.passenger for row in rows) for rows in (train, test))
    model = boosting.train(known, outcomes, features.columns)
    return _said(boosting.probabilities(model, asked, features.columns))


def _reference(train: Sequence[Row], outcomes: Outcomes, test: Sequence[Row]) -> Outcomes:
    """Seven columns as numbers, 200 rounds of depth 5, at the rate that reaches 0.820 on the validation table."""
    parameters = {"objective": "binary:logistic", "max_depth": 5, "eta": 0.1, "nthread": 1, "seed": 0}
    model = xgboost.train(parameters, xgboost.DMatrix(_plain(train), outcomes), num_boost_round=200)
    return _said(model.predict(xgboost.DMatrix(_plain(test))))


def _logistic(train: Sequence[Row], outcomes: Outcomes, test: Sequence[Row]) -> Outcomes:
    """Regression over the reference's columns, standardized, with means for what is missing; ridge of 1."""
    known, asked = _plain(train), _plain(test)
    mean, deviation = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    known, asked = (np.nan_to_num((rows - mean) / deviation) for rows in (known, asked))
    signs = 2 * outcomes - 1

    def loss(weights: Numbers) -> float:
        margins = signs * (known @ weights[1:] + weights[0])
        return float(np.sum(np.logaddexp(0, -margins)) + weights[1:] @ weights[1:] / 2)

    weights = optimize.minimize(loss, np.zeros(known.shape[1] + 1), method="L-BFGS-B").x
    return _said(1 / (1 + np.exp(-(asked @ weights[1:] + weights[0]))))


def _sex(_train: Sequence[Row], _outcomes: Outcomes, test: Sequence[Row]) -> Outcomes:
    return np.array([int(row.passenger.female) for row in test])


MODELS: dict[str, Model] = {
    OURS: _ours,
    REFERENCE: _reference,
    "logistic regression": _logistic,
    "sex alone": _sex,
}


def _plain(rows: Sequence[Row]) -> Numbers:
    """The reference's seven columns."""
    return np.array(
        [
            [
                float(row.passenger.pclass),
                float(row.passenger.female),
                row.passenger.age,
                float(row.told["SibSp"]),
                float(row.told["Parch"]),
                row.passenger.fare,
                _EMBARKED.get(row.told["Embarked"], math.nan),
            ]
            for row in rows
        ]
    )


def _said(probability: Numbers) -> Outcomes:
    return (probability >= boosting.CUT).astype(np.int64)


def _splits(outcomes: Outcomes, repeats: int) -> Iterator[NDArray[np.bool_]]:
    """Which rows are judged: folds with equally many survivors, drawn anew for each repeat."""
    for repeat in range(repeats):
        random = np.random.default_rng([SEED, repeat])
        fold = np.empty(len(outcomes), dtype=int)
        for outcome in (0, 1):
            found = random.permutation(np.flatnonzero(outcomes == outcome))
            fold[found] = np.arange(len(found)) % FOLDS
        yield from (fold == number for number in range(FOLDS))


def _score(model: Model, rows: Sequence[Row], outcomes: Outcomes, test: NDArray[np.bool_]) -> float:
    known, asked = ([rows[index] for index in np.flatnonzero(which).tolist()] for which in (~test, test))
    return float(np.mean(model(known, outcomes[~test], asked) == outcomes[test]))


def _difference(found: Numbers) -> dict[str, float]:
    """Nadeau and Bengio's interval: folds share training rows, so their differences vary less than they should."""
    mean = float(np.mean(found))
    spread = math.sqrt(float(np.var(found, ddof=1)) * (1 / len(found) + 1 / (FOLDS - 1)))
    half = float(stats.t.ppf(0.975, len(found) - 1)) * spread
    return {"over_reference": mean, "low": mean - half, "high": mean + half}


def _rows(table: Path) -> list[Row]:
    text = table.read_text(encoding="utf-8-sig")
    return [Row(*pair) for pair in zip(labelled(text, table.name), csv.DictReader(text.splitlines()), strict=True)]


def _outcomes(rows: Sequence[Row]) -> Outcomes:
    return np.array([row.passenger.survived for row in rows], dtype=np.int64)


def _show(results: Sequence[Result], rows: int, repeats: int) -> None:
    title = f"{rows} rows, {FOLDS} folds, {repeats} repeats"
    table = Table("model", "accuracy", "over the reference", "95 times of 100", "validation, once", title=title)
    for one in results:
        cells: list[Any] = [f"{one.accuracy:.4f}", f"{one.over_reference:+.4f}", f"{one.low:+.4f} to {one.high:+.4f}"]
        table.add_row(one.name, *cells, f"{one.held_out:.4f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
