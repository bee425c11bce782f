"""A matrix and its outcomes → boosted trees, the same trees for the same numbers."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

FILE = "model.json"
ROUNDS = 200
PARAMETERS: dict[str, Any] = {
    "objective": "binary:logistic",
    "tree_method": "exact",
    "max_depth": 3,
    "eta": 0.05,
    "subsample": 0.8,
    "colsample_bytree": 0.7,
    "min_child_weight": 3,
    "seed": 20120912,
    "nthread": 1,  # sums in one order
    "verbosity": 1,
}  # chosen by cross-validation within the training table; benchmarks/model_build.py measures them
CUT = 0.5  # from this probability on, a passenger is said to survive


def train(
    rows: NDArray[np.float64],
    outcomes: NDArray[np.int64],
    columns: Sequence[str],
    parameters: dict[str, Any] = PARAMETERS,
) -> xgboost.Booster:
    """A model of all these rows."""
    known = xgboost.DMatrix(rows, label=outcomes, feature_names=list(columns), missing=np.nan)
    return xgboost.train(parameters, known, num_boost_round=ROUNDS)


def probabilities(model: xgboost.Booster, rows: NDArray[np.float64], columns: Sequence[str]) -> NDArray[np.float64]:
    """How probably each passenger survives."""
    asked = xgboost.DMatrix(rows, feature_names=list(columns), missing=np.nan)
    return np.asarray(model.predict(asked), dtype=np.float64)


def load(folder: Path) -> xgboost.Booster:
    """The model that was saved in a folder."""
    model = xgboost.Booster(params={"nthread": 1})
    model.load_model(str(folder / FILE))
    return model


def versions() -> dict[str, str]:
    """What computes here."""
    return {"python": platform.python_version(), "numpy": np.__version__, "xgboost": xgboost.__version__}
