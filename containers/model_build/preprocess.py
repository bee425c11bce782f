"""`preprocess.py TRAIN VALIDATION FEATURES`: two folders with a table each → arrays, and how they were made.

What is learnt of passengers is learnt from the training table alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import features
from features import Features
from passengers import Passenger, labelled
from provenance import checked_bundle, sha256_of, write_json
from refusals import Refused, run


def preprocess(train: Path, validation: Path, out: Path, *, code: Path) -> None:
    """Write <table>_rows.npy and <table>_outcomes.npy of both, and features.json last."""
    bundle = checked_bundle(code)
    tables = {"train": _only_file(train), "validation": _only_file(validation)}
    found = {name: _read(file) for name, file in tables.items()}
    _keep_apart(found["train"], found["validation"])
    fitted = Features.fit(found["train"])
    out.mkdir(parents=True, exist_ok=True)
    for name, passengers in found.items():
        np.save(out / f"{name}_rows.npy", fitted.matrix(passengers), allow_pickle=False)
        np.save(out / f"{name}_outcomes.npy", np.array([one.survived for one in passengers]), allow_pickle=False)
    inputs = {name: {"sha256": sha256_of(file), "rows": len(found[name])} for name, file in tables.items()}
    arrays = {file.name: sha256_of(file) for file in sorted(out.glob("*.npy"))}
    told: dict[str, Any] = {"inputs": inputs, "arrays": arrays, "commit": bundle["commit"], **fitted.told()}
    write_json(out / features.FILE, told)
    for name, input_ in inputs.items():
        print(f"{name}: {input_['rows']} rows, {len(fitted.columns)} features")


def _only_file(folder: Path) -> Path:
    """SageMaker brings every key that begins like the one asked for."""
    files = sorted(path for path in folder.glob("*") if path.is_file())
    if len(files) != 1:
        names = ", ".join(path.name for path in files) or "nothing"
        raise Refused(f"There must be one table for {folder.name}, and there is {names}.")
    return files[0]


def _read(file: Path) -> list[Passenger]:
    try:
        return labelled(file.read_text(encoding="utf-8-sig"), file.name)
    except UnicodeDecodeError as error:
        raise Refused(f"{file.name}: byte {error.start} is not UTF-8.") from error


def _keep_apart(train: list[Passenger], validation: list[Passenger]) -> None:
    both = {one.id for one in train} & {one.id for one in validation}
    if both:
        raise Refused(f"PassengerId {min(both)} is in both tables: a model must not be judged by what it has learnt.")


if __name__ == "__main__":
    run(lambda: preprocess(*map(Path, sys.argv[1:4]), code=Path(__file__).resolve().parent))
