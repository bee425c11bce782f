"""The nearest cards, ours and others' ways: `python -m benchmarks.search [--rows 17592 200000 1000000]`."""

import os

os.environ |= dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)  # before NumPy reads them

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import search_rows
from benchmarks.search_peers import NEIGHBOURS, PEERS, Find
from loupe.codes import scores
from loupe.loaded import Loaded, load
from loupe.reference import Reference

ROOT = Path(__file__).parent.parent
ROUNDS, QUERIES_A_TURN = 9, 25
COLD_STARTS = 5
DISK_SHARE = 3  # times the embeddings: they, their version, and a build of it
IN_MEMORY_UP_TO = 200_000  # rows: beyond, only those that searches need


@dataclass
class Way:
    """A way with what was measured of it."""

    name: str
    find: Find
    built_seconds: float
    held_mib: float
    milliseconds: list[float] = field(default_factory=list)
    recall: float = 0.0


def main() -> None:
    program = argparse.ArgumentParser(description=__doc__)
    program.add_argument("--rows", type=int, nargs="+", default=[17_592, 200_000, 1_000_000])
    program.add_argument("--kinds", nargs="+", choices=search_rows.KINDS, default=list(search_rows.KINDS))
    program.add_argument("--without", nargs="*", default=[], metavar="NAME", help="peers whose names hold one of these")
    asked, console = program.parse_args(), Console(width=150)
    for peer in PEERS:
        if (missing := peer.missing()) and not any(word in peer.name for word in asked.without):
            console.print(f"{peer.name}: {missing}")
    for rows in asked.rows:
        for kind in asked.kinds:
            needed = DISK_SHARE * rows * search_rows.DIMS * 4
            if shutil.disk_usage(tempfile.gettempdir()).free < needed:
                console.print(f"{rows:,} rows need {needed / 1e9:.0f} GB in {tempfile.gettempdir()}: left out.")
                continue
            with tempfile.TemporaryDirectory(prefix="loupe-benchmark-") as folder:
                _measure(Path(folder), kind, rows, asked.without, console)


def _measure(folder: Path, kind: str, rows: int, without: list[str], console: Console) -> None:
    path = search_rows.write(folder / "cards", kind, rows)
    built, seconds = _build(folder)
    console.print(f"\n{rows:,} rows, {kind}: built in {seconds:.0f} s; {built['search']['reason']}")
    _cold(folder, rows, console)
    embeddings: NDArray[np.float32] = np.load(path, mmap_mode="r" if rows > IN_MEMORY_UP_TO else None)
    ways = [*_ours(folder, built, rows), *_peers(embeddings, without)]
    queries = search_rows.queries(kind, rows, 4 * QUERIES_A_TURN)
    _recall(ways, embeddings, queries)
    _take_turns(ways, queries[:QUERIES_A_TURN])
    console.print(_table(ways, f"{rows:,} x {search_rows.DIMS}, {kind}"))


def _build(folder: Path) -> tuple[dict[str, Any], float]:
    cards, start = folder / "cards", time.perf_counter()
    said = _program(
        "containers.search", "build", cards / "embeddings.npy", "--index-json", cards / "index.json",
        "--metadata", cards / "metadata.json", "--reference", folder / "reference",
    )  # fmt: skip
    return said, time.perf_counter() - start


def _cold(folder: Path, rows: int, console: Console) -> None:
    runs = [_program("benchmarks.search_cold", folder / "reference") for _ in range(COLD_STARTS)]
    middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    total = middle["imports"] + middle["load"] + middle["first answer"]
    parts = ", ".join(f"{name} {middle[name]:.3f}" for name in ("imports", "load", "first answer"))
    share = middle["bytes"] / (rows * search_rows.DIMS)
    console.print(
        f"cold start {total:.3f} s ({parts}); {middle['bytes'] / 1e6:.1f} MB fetched, {share:.3f} x the codes"
    )


def _program(module: str, *words: str | Path) -> dict[str, Any]:
    command = [sys.executable, "-m", module, *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)  # noqa: S603  # our own
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _ours(folder: Path, built: dict[str, Any], rows: int) -> list[Way]:
    before, start = _held_mib(), time.perf_counter()
    loaded = load(Reference(str(folder / "reference")).version(built["version"]))
    if rows <= IN_MEMORY_UP_TO:
        loaded.rows.fetch_all()
    held, seconds = _held_mib() - before, time.perf_counter() - start
    ways = [Way("loupe, proven", _finder(loaded, exact=True), seconds, held)]
    if built["search"]["method"] == "cells":
        ways.append(Way("loupe, nearest cells", _finder(loaded, exact=False), seconds, held))
    return ways


def _finder(loaded: Loaded, *, exact: bool) -> Find:
    return lambda query: np.array(
        [hit.row for hit in loaded.nearest.search(query, NEIGHBOURS, exact=exact).hits], np.intp
    )


def _peers(embeddings: NDArray[np.float32], without: list[str]) -> list[Way]:
    ways = []
    for peer in PEERS:
        if peer.missing() or len(embeddings) > peer.most_rows or any(word in peer.name for word in without):
            continue
        before, start = _held_mib(), time.perf_counter()
        find = peer.make(embeddings)
        ways.append(Way(peer.name, find, time.perf_counter() - start, _held_mib() - before))
    return ways


def _recall(ways: list[Way], embeddings: NDArray[np.float32], queries: NDArray[np.float32]) -> None:
    """Against sums over all rows; a row with the score of the tenth is as good as the tenth."""
    for query in queries:
        best = np.argpartition(embeddings @ query, -2 * NEIGHBOURS)[-2 * NEIGHBOURS :]
        tenth = np.sort(scores(embeddings[best], query))[-NEIGHBOURS]
        for way in ways:
            found = np.unique(way.find(query))
            way.recall += np.count_nonzero(scores(embeddings[found], query) >= tenth) / NEIGHBOURS / len(queries)


def _take_turns(ways: list[Way], queries: NDArray[np.float32]) -> None:
    """Each answers some queries in a row, then it is the next one's turn; CPU time, for others use the machine too."""
    for _ in range(ROUNDS):
        for way in ways:
            for query in queries:
                start = time.process_time()
                way.find(query)
                way.milliseconds.append((time.process_time() - start) * 1000)


def _table(ways: list[Way], title: str) -> Table:
    names = ("way", "CPU ms median", "least", "NumPy / this", "recall@10", "held MiB", "made in s")
    shown = Table(*names, title=title)
    base = next((statistics.median(way.milliseconds) for way in ways if way.name.startswith("NumPy")), float("nan"))
    for way in ways:
        middle = statistics.median(way.milliseconds)
        recall = "" if way.name.startswith("reading") else f"{way.recall:.3f}"
        cells = f"{middle:.3f}", f"{min(way.milliseconds):.3f}", f"{base / middle:.1f}", recall
        shown.add_row(way.name, *cells, f"{way.held_mib:.0f}", f"{way.built_seconds:.1f}")
    return shown


def _held_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
