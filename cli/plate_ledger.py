"""A dataset's ledger → rows for people and machines, or the Parquet file as it is."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from cli.outputs import new_file
from cli.plate_archives import Archive
from cli.trouble import Trouble
from containers.plate_runs.ledger import PLATES, RUNS
from loupe.files import BUFFER_BYTES

LEDGERS = {"plates": PLATES, "runs": RUNS}
SHOWN = {
    "plates": ["plate_id", "title", "source_image", "license", "created_at", "runs", "last_run_id"],
    "runs": ["plate_id", "run_id", "timestamp", "models", "outputs"],
}
_ROWS_AT_ONCE = 1_000


def rows(archive: Archive, ledger: str, limit: int) -> list[dict[str, Any]]:
    """The first rows; nothing is read of those behind them."""
    with archive.asked():
        return list(islice(_rows(archive, ledger), limit))


def printed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as a table shows them."""
    return [{name: ", ".join(cell) if isinstance(cell, list) else cell for name, cell in row.items()} for row in rows]


def save(archive: Archive, ledger: str, out: Path, *, force: bool) -> None:
    """The file, byte for byte."""
    with archive.asked(), _opened(archive, ledger) as there, new_file(out, force=force) as here:
        while block := there.read(BUFFER_BYTES):
            here.write(block)


def _rows(archive: Archive, ledger: str) -> Iterator[dict[str, Any]]:
    with _opened(archive, ledger) as file:
        for batch in pq.ParquetFile(file).iter_batches(_ROWS_AT_ONCE):
            yield from batch.to_pylist()


def _opened(archive: Archive, ledger: str) -> Any:
    try:
        return archive.open().part("ledger").open(LEDGERS[ledger])
    except FileNotFoundError:
        raise Trouble(f"{archive.url} has no ledger yet: it is written at the end of a run.") from None
