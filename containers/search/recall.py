"""How many of the ten nearest rows a quicker way finds, and what proofs cost, measured on rows of the version."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loupe.cells import Cells
from loupe.codes import Floats, Rows, scores
from loupe.nearest import Answer, Nearest, RowSource
from loupe.rows import RowFile

NEEDED = 0.99
SCANNED_BYTES = 100_000 * 768  # of codes: more take longer than 5 ms where memory gives 15 GB a second
LARGEST_PROOF = 0.25  # share of the rows that it looks at: beyond, a version that is scanned in less needs no cells
SAMPLE = 1000
NEIGHBOURS = 10
PROBES = (4, 8, 16, 32, 64)
SEED = 1


@dataclass(frozen=True)
class Sample:
    """Rows as queries, and for each the score of the last of its ten nearest."""

    queries: Floats
    last: Floats
    count: int
    source: RowSource

    def recall(self, find: Callable[[Floats], Rows]) -> float:
        """The share of the nearest that a way finds; a row with the same score as the last is as good."""
        found = 0
        for query, last in zip(self.queries, self.last, strict=True):
            rows = np.unique(find(query))
            found += min(self.count, int(np.count_nonzero(scores(self.source.take(rows), query) >= last)))
        return found / (self.count * len(self.queries))


def read_ahead(rows: RowFile, codes_bytes: int) -> None:
    """All rows in one go, if they fit: a thousand searches need most of them."""
    if codes_bytes <= SCANNED_BYTES:
        rows.fetch_all()


def sample(nearest: Nearest, source: RowSource) -> Sample:
    """Up to 1,000 rows, always the same ones, with their proven answers."""
    chosen = np.random.default_rng(SEED).choice(nearest.rows, min(SAMPLE, nearest.rows), replace=False)
    queries = source.take(np.sort(chosen))
    last = [scores(source.take(_rows(nearest.search(query, NEIGHBOURS))), query).min() for query in queries]
    return Sample(queries, np.array(last, np.float32), min(NEIGHBOURS, nearest.rows), source)


def quickly(nearest: Nearest, query: Floats) -> Rows:
    """What a search finds that proves nothing."""
    return _rows(nearest.search(query, NEIGHBOURS, exact=False))


def _rows(answer: Answer) -> Rows:
    return np.array([hit.row for hit in answer.hits], np.intp)


def of_cells(
    asked: Sample,
    codes: NDArray[np.int8],
    bounds: NDArray[np.void],
    table: NDArray[np.void],
    probes: Sequence[int] = PROBES,
) -> dict[str, Any]:
    """What `version.json` says of the search: the fewest cells that suffice, or that all is scanned."""
    recall, looked_into = 0.0, 0
    for looked_into in (few for few in probes if few <= len(table)):
        cells = Cells(table, looked_into)
        recall = asked.recall(partial(quickly, Nearest(codes, bounds, asked.source, cells)))
        if recall >= NEEDED:
            return _told(asked, cells, codes, {"cells": len(table), "probes": looked_into, "recall_at_10": recall})
    reason = f"Recall at {NEIGHBOURS} in {looked_into} of {len(table)} cells is {recall:.4f}, and {NEEDED} is needed."
    return scan(reason)


def scan(reason: str) -> dict[str, Any]:
    """What `version.json` says of a search that looks at all rows."""
    return {"method": "scan", "reason": reason, "proves": True}


def _told(asked: Sample, cells: Cells, codes: NDArray[np.int8], measured: dict[str, Any]) -> dict[str, Any]:
    """Cells that find enough are used if a proof by them spares much, or a scan would take too long."""
    looked_into = [cells.looked_into(*one) for one in zip(asked.queries, asked.last, strict=True)]
    share = float(np.mean(looked_into)) / len(codes)
    proof = f"a proof looks at {share:.2%} of the rows"
    if share > LARGEST_PROOF and codes.nbytes <= SCANNED_BYTES:
        return scan(f"With {measured['cells']} cells {proof}: to scan all is as quick.")
    reason = f"Recall at {NEIGHBOURS} is {measured['recall_at_10']:.4f} on {len(looked_into)} rows; {proof}."
    proves = share * codes.nbytes <= SCANNED_BYTES
    return {"method": "cells", "reason": reason, **measured, "proof_share": share, "proves": proves}


def of_usearch(asked: Sample, path: Path, shape: tuple[int, int]) -> dict[str, Any]:
    """What `version.json` says of an index.

    Another process reads it: a broken index may crash that, and onnxruntime crashes where usearch was imported before.
    """
    command = [sys.executable, "-m", "containers.search.usearch_index", str(path), *map(str, shape)]
    body = np.ascontiguousarray(asked.queries).tobytes()
    done = subprocess.run(command, input=body, capture_output=True, check=False)  # noqa: S603  # our own
    if done.returncode:
        said = (done.stderr.decode(errors="replace").strip().splitlines() or ["it crashed the reader"])[-1]
        return {"recall_at_10": None, "usable": False, "reason": f"It cannot be read: {said}"[:500]}
    answers = iter(json.loads(done.stdout))
    recall = asked.recall(lambda _: np.array(next(answers), np.intp))
    usable = recall >= NEEDED
    reason = f"Recall at {NEIGHBOURS} is {recall:.4f} on {len(asked.queries)} rows"
    return {
        "recall_at_10": recall,
        "usable": usable,
        "reason": reason + ("." if usable else f", and {NEEDED} is needed."),
    }
