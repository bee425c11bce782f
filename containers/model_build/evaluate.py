"""`evaluate.py MODEL FEATURES BUNDLE EVALUATION`: a model and rows it has not seen → evaluation.json, report.html."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import archives

import boosting
import features
import judgement
import report
from provenance import RECORD, checked_bundle, sha256_of, write_json
from refusals import Refused, run

MODEL, BUNDLE, RESULT, REPORT = "model.tar.gz", "pipeline_code.tar.gz", "evaluation.json", "report.html"
THRESHOLD, URI, EXECUTION = "LOUPE_THRESHOLD", "LOUPE_CODE_BUNDLE", "LOUPE_EXECUTION"  # what the definition tells
_MOST_BYTES = 1 << 28


def evaluate(model: Path, arrays: Path, bundle: Path, out: Path, *, code: Path) -> None:
    """Judge the model by the validation rows; a number that is none ends without an evaluation."""
    mine, (_, told) = checked_bundle(code), features.read(arrays)
    rows, outcomes = (features.array(arrays, f"validation_{name}.npy", told) for name in ("rows", "outcomes"))
    with tempfile.TemporaryDirectory() as folder:
        record = _opened(model / MODEL, Path(folder))
        _same(record, mine, sha256_of(arrays / features.FILE))
        probability = boosting.probabilities(boosting.load(Path(folder)), rows, told["columns"])
    judged = judgement.judge(probability, outcomes, boosting.CUT)
    whole = {
        **judged,
        "rows": len(rows),
        "cut": boosting.CUT,
        "accuracy_threshold": float(os.environ[THRESHOLD]),
        "execution": os.environ[EXECUTION],
        "bundle": {"uri": os.environ[URI], "commit": mine["commit"], "sha256": sha256_of(bundle / BUNDLE)},
        "inputs": told["inputs"],
        "model": {"archive_sha256": sha256_of(model / MODEL), "sha256": record["model_sha256"]},
        "parameters": record["parameters"],
        "versions": {"training": record["versions"], "evaluation": boosting.versions()},
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / REPORT).write_text(report.page(whole, probability, outcomes), encoding="utf-8")
    write_json(out / RESULT, whole)
    print(f"accuracy {judged['metrics']['accuracy']['value']:.4f} over {len(rows)} rows")


def _opened(archive: Path, folder: Path) -> dict[str, Any]:
    """The model below a folder, and what it was made from."""
    try:
        archives.unpack(archive, folder, most_bytes=_MOST_BYTES)
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except archives.UnsafeArchive as error:
        raise Refused(str(error)) from error
    except (OSError, ValueError) as error:
        raise Refused(f"{archive.name} has no {RECORD}, which training writes last: {error}.") from error
    if sha256_of(folder / boosting.FILE) != record["model_sha256"]:
        raise Refused(f"{boosting.FILE} in {archive.name} is not the model that {RECORD} was written beside.")
    return record


def _same(record: dict[str, Any], bundle: dict[str, Any], features_sha256: str) -> None:
    """The model was trained by this bundle, and on features that were made with those it is judged by."""
    if record["bundle"]["sha256_of_list"] != bundle["sha256_of_list"]:
        raise Refused(f"The model was trained by the bundle of {record['bundle']['commit']}, not {bundle['commit']}.")
    if record["features_sha256"] != features_sha256:
        raise Refused("The model was trained on other features than it is to be judged by.")


if __name__ == "__main__":
    run(lambda: evaluate(*map(Path, sys.argv[1:5]), code=Path(__file__).resolve().parent))
