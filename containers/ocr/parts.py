"""Results as Parquet parts that are written once each, and the manifest that says that they are all there."""

import hashlib
import io
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from containers.ocr.labelling import Result
from containers.ocr.table import SCHEMA_VERSION
from loupe import contracts
from loupe.artifacts import Artifacts

Item = dict[str, Any]

PART = re.compile(r"^part-(\d{8})-(\d{8})\.parquet$")
_POLYGONS = pa.list_(pa.list_(pa.list_(pa.float64())))


class OtherRun(ValueError):
    """The output folder belongs to a run of something else."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One committed part: rows `first` to `last` (not included)."""

    name: str
    first: int
    last: int

    @classmethod
    def of(cls, first: int, last: int) -> "Part":
        return cls(name=f"part-{first:08}-{last:08}.parquet", first=first, last=last)


def schema(metadata: pa.DataType) -> pa.Schema:
    """The output's columns; `metadata` has the type that it has in the dataset."""
    return pa.schema(
        [
            ("schema_version", pa.string()),
            ("id", pa.string()),
            ("split", pa.string()),
            ("image_path", pa.string()),
            ("image_filename", pa.string()),
            ("width", pa.int64()),
            ("height", pa.int64()),
            ("polygons", _POLYGONS),
            ("texts", pa.list_(pa.string())),
            ("labels", pa.list_(pa.string())),
            ("metadata", metadata),
            ("status", pa.string()),
            ("attempts", pa.int64()),
            ("error", pa.string()),
        ]
    )


def item_of(result: Result) -> Item:
    """A result as a row of the output. How often a row that succeeded was asked is chance, so it is not told."""
    values, words = result.row.values, result.words
    item: Item = {
        "schema_version": values.get("schema_version") or SCHEMA_VERSION,
        "id": values["id"],
        "split": values.get("split"),
        "image_path": values["image_path"],
        "image_filename": values.get("image_filename") or values["image_path"].rpartition("/")[2],
        "width": words.width if words else values.get("width"),
        "height": words.height if words else values.get("height"),
        "polygons": words.polygons if words else [],
        "texts": words.texts if words else [],
        "labels": words.labels if words else [],
        "metadata": values.get("metadata"),
        "status": "labelled" if words else "failed",
        "attempts": result.attempts,
        "error": result.error,
    }
    contracts.check("ocr/output_row", item)
    return item


class Parts:
    """A run's output folder."""

    def __init__(self, folder: Artifacts, columns: pa.Schema) -> None:
        self.folder = folder
        self._columns = columns
        self._known: dict[str, dict[str, Any]] = {}
        self.written_bytes = 0

    def committed(self) -> list[Part]:
        """The parts from row 0 on, as far as none is missing."""
        found = sorted(match.groups() for name in self.folder.names("part-") if (match := PART.match(name)))
        parts = [Part.of(int(first), int(last)) for first, last in found]
        reached = 0
        for place, part in enumerate(parts):
            if part.first != reached:
                return parts[:place]
            reached = part.last
        return parts

    @property
    def reached(self) -> int:
        """The first row that is in no committed part."""
        parts = self.committed()
        return parts[-1].last if parts else 0

    def commit(self, first: int, items: list[Item]) -> None:
        """Write a part; it is committed once it is there."""
        part = Part.of(first, first + len(items))
        body = _parquet(pa.Table.from_pylist(items, self._columns))
        self._add(part.name, body)
        self._known[part.name] = _described(part, body, failed=sum(item["status"] == "failed" for item in items))

    def keep(self, items: list[tuple[int, Item]]) -> None:
        """Write rows that are done but whose part is not, for the next attempt."""
        if items:
            rows = [{"row": number, **item} for number, item in items]
            table = pa.Table.from_pylist(rows, pa.schema([("row", pa.int64()), *self._columns]))
            number = sum(1 for _ in self.folder.names("kept-"))
            self._add(f"kept-{number:08}.parquet", _parquet(table))

    def kept(self) -> dict[int, Item]:
        """The rows that earlier attempts kept and no part has."""
        found, first = dict[int, Item](), self.reached
        for name in self.folder.names("kept-"):
            for row in pq.read_table(io.BytesIO(self.folder.read(name))).to_pylist():
                number = row.pop("row")
                if number >= first:
                    found[number] = row
        return found

    def begun(self) -> dict[str, Any]:
        """What the run is; FileNotFoundError for one that was never begun."""
        found: dict[str, Any] = json.loads(self.folder.read("run.json"))
        return found

    def begin(self, identity: dict[str, Any]) -> dict[str, Any]:
        """What the run is: as it was begun, if it was, else as it is asked for now."""
        try:
            begun = self.begun()
        except FileNotFoundError:
            self._add("run.json", _json(contracts.check("ocr/run", identity)))
            return identity
        changed = [name for name in identity if name != "batch_size" and begun.get(name) != identity[name]]
        if changed:
            said = ", ".join(f"{name} {begun.get(name)!r}, not {identity[name]!r}" for name in changed)
            raise OtherRun(f"{self.folder.url} holds another run: its {said}. Choose another output.")
        return begun

    def failed(self) -> int:
        """How many rows of the committed parts failed."""
        self._known = {part.name: self._known.get(part.name) or self._read(part) for part in self.committed()}
        return sum(part["failed"] for part in self._known.values())

    def manifest(self) -> dict[str, Any] | None:
        """The manifest of a run that is complete."""
        try:
            found: dict[str, Any] = json.loads(self.folder.read("manifest.json"))
        except FileNotFoundError:
            return None
        return found

    def finish(self, run: dict[str, Any]) -> dict[str, Any]:
        """Write the manifest: whoever sees it sees a whole run."""
        parts = [self._known.get(part.name) or self._read(part) for part in self.committed()]
        if sum(part["rows"] for part in parts) != run["rows"]:
            raise RuntimeError(f"The parts in {self.folder.url} are not the {run['rows']} rows of the run.")
        manifest = {**run, "failed": sum(part["failed"] for part in parts), "parts": parts}
        self._add("manifest.json", _json(contracts.check("ocr/manifest", manifest)))
        return manifest

    def join(self) -> None:
        """The parts as one file too, part by part over the disk, so that memory does not grow with the run."""
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            with pq.ParquetWriter(file.name, self._columns, compression="zstd") as writer:
                for table in self.tables():
                    writer.write_table(table)
            self.folder.add("output.parquet", Path(file.name))
            self.written_bytes += Path(file.name).stat().st_size

    def tables(self) -> Iterator[pa.Table]:
        """The parts in order."""
        for part in self.committed():
            yield pq.read_table(io.BytesIO(self.folder.read(part.name)))

    def _read(self, part: Part) -> dict[str, Any]:
        body = self.folder.read(part.name)
        status = pq.read_table(io.BytesIO(body), columns=["status"]).column("status").to_pylist()
        return _described(part, body, failed=status.count("failed"))

    def _add(self, name: str, body: bytes) -> None:
        self.folder.add(name, body)
        self.written_bytes += len(body)


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _described(part: Part, body: bytes, *, failed: int) -> dict[str, Any]:
    return {
        "name": part.name,
        "first_row": part.first,
        "rows": part.last - part.first,
        "failed": failed,
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
