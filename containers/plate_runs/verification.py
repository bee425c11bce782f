"""The tree against what it says of itself: sources, sealed runs, the ledger, and what lies where nothing may lie."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from containers.plate_runs.dataset import PLATE_ID, PLATES, REPORTS, SEAL, Dataset
from containers.plate_runs.ledger import RUNS, Rows
from containers.plate_runs.records import Row, read_seal
from containers.plate_runs.schemas import Schemas
from containers.plate_runs.seal import checksums, source_checksum
from containers.plate_runs.source import CHECKSUM, MANIFEST, read_checksum, read_manifest, read_source
from loupe.ahead import worked_ahead
from loupe.artifacts import Artifacts
from loupe.claims import RUN_ID

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_IN_PLATE = re.compile(rf"{PLATES}/({PLATE_ID.pattern})/(.+)")
_IN_RUN = re.compile(rf"runs/({RUN_ID.pattern})/(.+)")
_BESIDE = re.compile(rf"schemas/[^/]+\.schema\.json|ledger/[^/]+\.parquet|{REPORTS}/{RUN_ID.pattern}/.+")
_STRAY = "nothing may lie here"


@dataclass(frozen=True)
class Finding:
    """An object that is not as it was written, or should not be: its name in the dataset, and what is wrong."""

    name: str
    reason: str


@dataclass
class Checked:
    """What a check found; `unproven` runs are of programs that wrote no checksums."""

    findings: list[Finding] = field(default_factory=list)
    unproven: bool = False


class Verification:
    """A walk over the whole tree; it writes nothing, and its memory does not grow."""

    def __init__(self, url: str, client: "S3Client | None" = None) -> None:
        self._dataset = Dataset(url, client)
        self._schemas = Schemas(self._dataset.part("schemas"))
        ledger = self._dataset.part("ledger")
        self._ledger = Rows(ledger) if ledger.version(RUNS) else None
        self._archived = lru_cache(maxsize=64)(self._read_archived)
        self.plates = self.runs = self.unsealed = self.unproven = 0

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong, as it is found; NoPlates where nothing is that could be."""
        for checked in worked_ahead(lambda check: check(), self._checks()):
            self.unproven += checked.unproven
            yield from checked.findings
        if not self.plates:
            self._dataset.plates()

    def _checks(self) -> Iterator[Callable[[], Checked]]:
        for plate_id, names in groupby(self._dataset.root.walk(), key=partial(_first_group, _IN_PLATE)):
            if plate_id:
                self.plates += 1
                yield partial(self._source, plate_id)
                yield from self._in_plate(plate_id, (name.split("/", 2)[2] for name in names))
            else:
                yield partial(_strays, [name for name in names if not _BESIDE.fullmatch(name)])
        yield from self._gone_before(None)

    def _in_plate(self, plate_id: str, names: Iterable[str]) -> Iterator[Callable[[], Checked]]:
        for run_id, inside in groupby(names, key=partial(_first_group, _IN_RUN)):
            if run_id:
                yield from self._in_run(plate_id, run_id, {name.split("/", 2)[2] for name in inside})
            else:
                yield partial(self._beside_runs, plate_id, list(inside))

    def _in_run(self, plate_id: str, run_id: str, names: set[str]) -> Iterator[Callable[[], Checked]]:
        yield from self._gone_before((plate_id, run_id))
        row = self._ledger.take((plate_id, run_id)) if self._ledger else None
        if SEAL in names:
            self.runs += 1
            yield partial(self._sealed, plate_id, run_id, names, row)
        else:
            self.unsealed += 1
            yield partial(_gone, [row] if row else [])

    def _gone_before(self, key: tuple[str, str] | None) -> Iterator[Callable[[], Checked]]:
        for row in self._ledger.before(key) if self._ledger else ():
            yield partial(_gone, [row])

    def _source(self, plate_id: str) -> Checked:
        try:
            read_source(self._dataset.plate(plate_id), plate_id, self._schemas)
        except ValueError as reason:
            return Checked([Finding(f"{PLATES}/{plate_id}", str(reason))])
        return Checked()

    def _beside_runs(self, plate_id: str, names: list[str]) -> Checked:
        path, _ = self._archived(plate_id)
        return _strays([f"{PLATES}/{plate_id}/{name}" for name in names if name not in {MANIFEST, CHECKSUM, path}])

    def _sealed(self, plate_id: str, run_id: str, names: set[str], row: Row | None) -> Checked:
        plate, where = self._dataset.plate(plate_id), f"{PLATES}/{plate_id}/runs/{run_id}"
        try:
            manifest, seal_sha256 = read_seal(plate, plate_id, run_id, self._schemas)
        except ValueError as reason:
            return Checked([Finding(f"{where}/{SEAL}", str(reason))])
        sealed, sums = {*manifest["outputs"], SEAL}, checksums(manifest)
        findings = [Finding(f"{where}/{name}", "it was sealed, and is gone") for name in sorted(sealed - names)]
        findings += [Finding(f"{where}/{name}", _STRAY) for name in sorted(names - sealed)]
        findings += [Finding(f"{where}/{SEAL}", reason) for reason in self._doubts(manifest, seal_sha256, row)]
        findings += _changed(plate, f"runs/{run_id}", where, {name: sums[name] for name in names & sums.keys()})
        return Checked(findings, unproven=not sums)

    def _doubts(self, manifest: dict[str, Any], seal_sha256: str, row: Row | None) -> Iterator[str]:
        """What the ledger and the archived source say against a seal."""
        if row and row["seal_sha256"] != seal_sha256:
            yield f"its SHA-256 is {seal_sha256}, and the ledger says {row['seal_sha256']}"
        measured, (_, archived) = source_checksum(manifest), self._archived(manifest["plate_id"])
        if measured and archived and measured != archived:
            yield f"it measured a source with SHA-256 {measured}, and {CHECKSUM} says {archived}"

    def _read_archived(self, plate_id: str) -> tuple[str | None, str | None]:
        """The path and checksum of a plate's source, where they can be told."""
        plate = self._dataset.plate(plate_id)
        try:
            return read_manifest(plate, plate_id, self._schemas)["source_image"], read_checksum(plate)
        except ValueError:
            return None, None


def _changed(plate: Artifacts, folder: str, where: str, sums: dict[str, str]) -> Iterator[Finding]:
    for name, expected in sums.items():
        found = hashlib.sha256(plate.read(f"{folder}/{name}")).hexdigest()
        if found != expected:
            yield Finding(f"{where}/{name}", f"its SHA-256 is {found}, and {SEAL} says {expected}")


def _strays(names: list[str]) -> Checked:
    return Checked([Finding(name, _STRAY) for name in names])


def _gone(rows: list[Row]) -> Checked:
    """Runs that the ledger knows and the tree does not."""
    names = [f"{PLATES}/{row['plate_id']}/runs/{row['run_id']}/{SEAL}" for row in rows]
    return Checked([Finding(name, "the ledger has this run, and it is gone") for name in names])


def _first_group(pattern: re.Pattern[str], name: str) -> str | None:
    match = pattern.fullmatch(name)
    return match[1] if match else None
