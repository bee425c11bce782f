"""What a registered model answers, in the managed image: passengers in, for each an outcome and its probability.

`text/csv` has the header of the training table, without Survived; `application/json` is {"passengers": [{…}, …]}.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import xgboost

import boosting
import features
from features import Features
from passengers import Passenger, checked, unlabelled
from refusals import Refused

CSV, JSON = "text/csv", "application/json"


class Model(NamedTuple):
    """Trees, and how a passenger becomes a row of theirs."""

    trees: xgboost.Booster
    features: Features


def model_fn(model_dir: str) -> Model:
    """Load what training has saved."""
    return Model(boosting.load(Path(model_dir)), features.read(Path(model_dir))[0])


def input_fn(request_body: str | bytes, content_type: str) -> list[Passenger]:
    """Passengers, or a refusal that names row and column."""
    text = request_body.decode("utf-8-sig") if isinstance(request_body, bytes) else request_body
    kind = content_type.partition(";")[0].strip().lower()
    if kind == CSV:
        return unlabelled(text, "request")
    if kind == JSON:
        return checked((f"request: passenger {number}", row) for number, row in enumerate(_listed(text), start=1))
    raise Refused(f"Content type {content_type} is not taken: send {CSV} or {JSON}.")


def predict_fn(input_data: list[Passenger], model: Model) -> list[dict[str, Any]]:
    """The outcome is 1 from the cut on."""
    probability = boosting.probabilities(model.trees, model.features.matrix(input_data), model.features.columns)
    return [
        {"PassengerId": one.id, "Survived": int(value >= boosting.CUT), "probability": round(float(value), 6)}
        for one, value in zip(input_data, probability)
    ]


def output_fn(prediction: list[dict[str, Any]], accept: str) -> tuple[str, str]:
    """CSV where only that is accepted, else JSON."""
    if accept.partition(";")[0].strip().lower() != CSV:
        return json.dumps({"predictions": prediction}), JSON
    table = io.StringIO()
    writer = csv.DictWriter(table, list(prediction[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(prediction)
    return table.getvalue(), CSV


def _listed(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)["passengers"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused('The request must be {"passengers": [{…}, …]}.') from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Refused("The request's passengers must be a list of objects.")
    return found
