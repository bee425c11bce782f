"""The tree → `ledger/{plates,runs}.parquet`: every plate and sealed run, streamed; the same from any start."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from containers.plate_runs.dataset import Dataset
from containers.plate_runs.records import PLATE_COLUMNS, RUN_COLUMNS, LeftOut, Row, plate_record, run_record
from containers.plate_runs.schemas import Schemas
from loupe.ahead import worked_ahead
from loupe.artifacts import Artifacts

PLATES, RUNS = "plates.parquet", "runs.parquet"
GROUP_ROWS = 10_000
MOST_TOLD = 10

Found = tuple[str, str, Row | None]


@dataclass
class Told:
    """What a ledger job says when it ends."""

    plates: int = 0
    runs: int = 0
    new: int = 0
    unsealed: int = 0
    left_out: list[str] = field(default_factory=list)


def build_ledger(url: str, *, anew: bool = False) -> Told:
    """Bring both ledgers up to the tree; of runs that they hold already nothing is read, unless it is built anew."""
    dataset = Dataset(url)
    ledger = dataset.part("ledger")
    seen = {name: ledger.version(name) for name in (PLATES, RUNS)}
    with tempfile.TemporaryDirectory() as folder:
        building = _Building(dataset, Rows(ledger) if seen[RUNS] and not anew else None)
        for name, rows, columns in ((RUNS, building.runs(), RUN_COLUMNS), (PLATES, building.plates(), PLATE_COLUMNS)):
            _write(Path(folder) / name, rows, columns)
        for name in (RUNS, PLATES):
            ledger.replace(name, Path(folder) / name, seen=seen[name])
    return building.told


class Rows:
    """The rows of a ledger of runs, one after the other, by plate and run."""

    def __init__(self, ledger: Artifacts) -> None:
        self._rows = _rows(ledger)
        self._next = next(self._rows, None)

    def before(self, key: tuple[str, str] | None) -> Iterator[Row]:
        """Those that come before a run, or all that are left."""
        while self._next and (key is None or _key(self._next) < key):
            yield self._next
            self._next = next(self._rows, None)

    def take(self, key: tuple[str, str]) -> Row | None:
        """The row of a run; those before it are passed over."""
        for _ in self.before(key):
            pass
        if not self._next or _key(self._next) != key:
            return None
        found, self._next = self._next, next(self._rows, None)
        return found


class _Building:
    """A walk over the tree."""

    def __init__(self, dataset: Dataset, known: Rows | None) -> None:
        self._dataset, self._known = dataset, known
        self._plates = dataset.plates()
        self._schemas = Schemas(dataset.part("schemas"))
        self._kept = 0
        self._runs = Counter[str]()
        self._last: dict[str, str] = {}
        self.told = Told()

    def runs(self) -> Iterator[Row]:
        """The sealed runs in order."""
        for row in worked_ahead(self._row, self._found()):
            if isinstance(row, LeftOut):
                self._leave_out(row)
            else:
                self._runs[row["plate_id"]] += 1
                self._last[row["plate_id"]] = row["run_id"]
                yield row
        self.told.runs = self._runs.total()
        self.told.new = self.told.runs - self._kept

    def plates(self) -> Iterator[Row]:
        """All plates, after their runs."""
        for row in worked_ahead(self._plate, self._plates):
            if isinstance(row, LeftOut):
                self._leave_out(row)
            else:
                self.told.plates += 1
                plate_id = row["plate_id"]
                yield {**row, "runs": self._runs[plate_id], "last_run_id": self._last.get(plate_id)}

    def _found(self) -> Iterator[Found]:
        """Every run in the tree, with the row of the ledger as it is."""
        for plate_id in self._plates:
            for run_id in self._dataset.runs(plate_id):
                row = self._known.take((plate_id, run_id)) if self._known else None
                self._kept += row is not None
                yield plate_id, run_id, row

    def _row(self, found: Found) -> Row | LeftOut:
        plate_id, run_id, row = found
        return row or run_record(self._dataset.plate(plate_id), plate_id, run_id, self._schemas)

    def _plate(self, plate_id: str) -> Row | LeftOut:
        return plate_record(self._dataset.plate(plate_id), plate_id, self._schemas)

    def _leave_out(self, found: LeftOut) -> None:
        if not found.reason:
            self.told.unsealed += 1
        elif len(self.told.left_out) < MOST_TOLD:
            self.told.left_out.append(found.reason)


def _rows(ledger: Artifacts) -> Iterator[Row]:
    """Nothing of a ledger with other columns: it is built anew."""
    with ledger.open(RUNS) as file:
        table = pq.ParquetFile(file, pre_buffer=False)  # else it keeps what it has read
        if table.schema_arrow == RUN_COLUMNS:
            for batch in table.iter_batches(GROUP_ROWS, use_threads=False):
                yield from batch.to_pylist()


def _key(row: Row) -> tuple[str, str]:
    return row["plate_id"], row["run_id"]


def _write(path: Path, rows: Iterator[dict[str, Any]], columns: pa.Schema) -> None:
    """Groups of so many rows, wherever the rows come from: the same rows are the same bytes."""
    with pq.ParquetWriter(path, columns, compression="zstd") as table:
        while group := list(islice(rows, GROUP_ROWS)):
            table.write_table(pa.Table.from_pylist(group, columns))
