"""Probabilities beside outcomes → the numbers that a model is judged by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refusals import Refused

Numbers = NDArray[np.float64]
_95_PERCENT = 1.959963984540054


def judge(probability: Numbers, outcome: NDArray[np.int64], cut: float) -> dict[str, Any]:
    """Metrics, each a finite number, and the confusion matrix; Refused where there is nothing to judge by."""
    _check(probability, outcome)
    matrix = confusion(probability, outcome, cut)
    hits, misses = matrix["true_positive"], matrix["false_negative"] + matrix["false_positive"]
    accuracy = (hits + matrix["true_negative"]) / len(outcome)
    low, high = interval(accuracy, len(outcome))
    metrics = {
        "accuracy": {"value": accuracy, "low": low, "high": high},
        "auc": {"value": auc(probability, outcome)},
        "f1": {"value": 2 * hits / (2 * hits + misses) if hits + misses else 0.0},
    }
    return {"metrics": metrics, "confusion": matrix}


def confusion(probability: Numbers, outcome: NDArray[np.int64], cut: float) -> dict[str, int]:
    """How many were said to survive, and did."""
    said, true = probability >= cut, outcome == 1
    return {
        "true_positive": int(np.sum(said & true)),
        "false_positive": int(np.sum(said & ~true)),
        "true_negative": int(np.sum(~said & ~true)),
        "false_negative": int(np.sum(~said & true)),
    }


def auc(probability: Numbers, outcome: NDArray[np.int64]) -> float:
    """How probably somebody who survived is ranked above somebody who did not; a tie counts half."""
    saved, lost = probability[outcome == 1][:, None], probability[outcome == 0][None, :]
    return float(np.mean((saved > lost) + 0.5 * (saved == lost)))


def roc(probability: Numbers, outcome: NDArray[np.int64]) -> list[tuple[float, float]]:
    """False and true positive rate at every cut, from the strictest on."""
    cuts = [math.inf, *sorted(set(probability.tolist()), reverse=True)]
    said = [probability >= cut for cut in cuts]
    return [(float(np.mean(one[outcome == 0])), float(np.mean(one[outcome == 1]))) for one in said]


def accuracies(probability: Numbers, outcome: NDArray[np.int64]) -> list[tuple[float, float]]:
    """The accuracy that each cut from 0 to 1 would have."""
    cuts = np.linspace(0, 1, 101)
    return [(float(cut), float(np.mean((probability >= cut) == (outcome == 1)))) for cut in cuts]


def interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's: where a share of so many lies, 95 times of 100."""
    square = _95_PERCENT**2 / count
    middle, half = share + square / 2, _95_PERCENT * math.sqrt(share * (1 - share) / count + square / (4 * count))
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    return max(0.0, min(share, low)), min(1.0, max(share, high))


def _check(probability: Numbers, outcome: NDArray[np.int64]) -> None:
    if not len(outcome) or len(probability) != len(outcome):
        raise Refused(f"There are {len(probability)} predictions for {len(outcome)} rows: nothing can be judged.")
    if set(outcome.tolist()) != {0, 1}:
        raise Refused("The validation table must have rows of both outcomes.")
    if not np.isfinite(probability).all():
        raise Refused("The model predicts what is not a number.")
