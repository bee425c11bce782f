"""Script mode: arrays in SM_CHANNEL_FEATURES → model, features and the code that answers, in SM_MODEL_DIR."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import boosting
import features
from provenance import BUNDLE, RECORD, checked_bundle, sha256_of, write_json
from refusals import run


def train(arrays: Path, model: Path, *, code: Path) -> None:
    """Write model.json, features.json, code/ and, last, training.json: what the model was made from, and by what."""
    bundle = checked_bundle(code)
    _, told = features.read(arrays)
    rows, outcomes = (features.array(arrays, f"train_{name}.npy", told) for name in ("rows", "outcomes"))
    booster = boosting.train(rows, outcomes, told["columns"])
    model.mkdir(parents=True, exist_ok=True)
    booster.save_model(str(model / boosting.FILE))
    shutil.copyfile(arrays / features.FILE, model / features.FILE)
    _carry_code(bundle, code, model / "code")
    write_json(model / RECORD, _record(bundle, told, model))
    print(f"{boosting.ROUNDS} rounds over {len(rows)} rows and {len(told['columns'])} features")


def _carry_code(bundle: dict[str, Any], code: Path, target: Path) -> None:
    """The bundle beside the model, so that it can be served by the managed image."""
    target.mkdir(exist_ok=True)
    for name in (*bundle["files"], BUNDLE):
        shutil.copyfile(code / name, target / name)


def _record(bundle: dict[str, Any], told: dict[str, Any], model: Path) -> dict[str, Any]:
    return {
        "bundle": {name: bundle[name] for name in ("commit", "sha256_of_list")},
        "inputs": told["inputs"],
        "arrays": told["arrays"],
        "features_sha256": sha256_of(model / features.FILE),
        "model_sha256": sha256_of(model / boosting.FILE),
        "parameters": {**boosting.PARAMETERS, "rounds": boosting.ROUNDS},
        "versions": boosting.versions(),
    }


if __name__ == "__main__":
    folders = (os.environ["SM_CHANNEL_FEATURES"], os.environ["SM_MODEL_DIR"])
    run(lambda: train(*map(Path, folders), code=Path(__file__).resolve().parent))
