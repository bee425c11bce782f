"""A ledger over imagined runs, in a process of its own: `python -m benchmarks.plate_runs_imagined RUNS`."""

import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from benchmarks.memory import peak_mib
from containers.plate_runs import dataset
from containers.plate_runs.ledger import build_ledger
from loupe.artifacts import Artifacts, open_artifacts

PLATES = 435
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Imagined(Artifacts):
    """The tree below `plates_structured`, every run of it sealed; nothing is kept."""

    runs = 0  # of all plates together

    def open(self, name: str, version: str | None = None) -> BinaryIO:
        return io.BytesIO(self._body(f"{self.url}/{name}"))

    def read_part(self, name: str, at: int, count: int) -> bytes:
        return self._body(f"{self.url}/{name}")[at : at + count]

    def size(self, name: str) -> int:
        return len(self._body(f"{self.url}/{name}"))

    def names(self, prefix: str = "") -> Iterator[str]:
        yield from ()

    def folders(self) -> Iterator[str]:
        if self.url.endswith("/runs"):
            number = int(self.url.split("/")[-2][-3:])
            for run in range(self.runs // PLATES + (number <= self.runs % PLATES)):
                yield f"run-20260104-{run // 3600 % 24:02}{run // 60 % 60:02}{run % 60:02}-{run:08x}"
        else:
            yield from (f"plate-{number:03}" for number in range(1, PLATES + 1))

    def walk(self) -> Iterator[str]:
        yield from ()

    def version(self, name: str) -> str | None:
        return None

    def _replace(self, name: str, body: Path, seen: str | None) -> bool:
        return False

    def _create(self, name: str, body: BinaryIO) -> bool:
        return False

    def _body(self, path: str) -> bytes:
        parts = path.split("/")
        plate_id = next(part for part in parts if part.startswith("plate-"))
        if parts[-1] == "source.sha256":
            return HASH.encode()
        if parts[-1] == "manifest.json":
            named = {"plate_id": plate_id, "plate_number": int(plate_id[-3:]), "title": "Great Owl", "slug": "owl"}
            return json.dumps({**named, "source_image": f"source/{plate_id}.jpg"}).encode()
        notes = f"{HASH}  ../../source/{plate_id}.jpg\n{parts[-2][-8:] * 8}  cpu_baseline.json"
        run = {"run_id": parts[-2], "plate_id": plate_id, "timestamp": "2026-01-04T04:32:58Z", "models": ["m"]}
        return json.dumps({**run, "outputs": ["cpu_baseline.json"], "notes": notes}).encode()


def imagined(url: str, client: Any = None) -> Artifacts:
    return Imagined(url) if f"/{dataset.PLATES}" in url else open_artifacts(url, client)


def main(runs: int) -> None:
    """Twice: from the tree alone, and again when the ledger has it all."""
    Imagined.runs = runs
    dataset.open_artifacts = imagined  # type: ignore[attr-defined]  # where it is imported to
    with tempfile.TemporaryDirectory() as folder:
        for anew in (True, False):
            began = time.process_time()
            told = build_ledger(folder, anew=anew)
            assert told.runs == runs, told
            measured = {
                "from": "the tree" if anew else "the ledger",
                "runs": told.runs,
                "cpu_seconds": time.process_time() - began,
                "peak_mib": peak_mib(),
                "bytes": (Path(folder) / "ledger/runs.parquet").stat().st_size,
            }
            print(json.dumps(measured), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
