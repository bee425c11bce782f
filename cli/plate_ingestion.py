"""Plates of this machine → a dataset: each written once, and not there before its `source.sha256`, the last, is."""

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from cli.plate_collections import Collection, Plate
from cli.trouble import Trouble
from containers.plate_runs.dataset import PLATES, Dataset
from containers.plate_runs.schemas import Schemas
from containers.plate_runs.source import CHECKSUM, MANIFEST, read_checksum, read_manifest
from loupe.artifacts import Artifacts

AT_ONCE = 8  # plates in memory

Item = TypeVar("Item")
Result = TypeVar("Result")


def missing(dataset: Dataset, plates: list[Plate]) -> list[Plate]:
    """The plates that the dataset has not whole; Trouble if it has another at one of their numbers."""
    known = set(dataset.part(PLATES).folders())
    there = [plate for plate in plates if plate.plate_id in known]
    schemas = Schemas(dataset.part("schemas"))

    def held(plate: Plate) -> bool:
        return _holds(dataset.plate(plate.plate_id), plate, schemas)

    whole = {plate.plate_id for plate, found in zip(there, _all(held, there), strict=True) if found}
    return [plate for plate in plates if plate.plate_id not in whole]


def write(dataset: Dataset, found: Collection, plates: list[Plate], tell: Callable[[], None]) -> None:
    """Write a collection's schemas and some of its plates; `tell` hears of each plate that is whole."""
    for name, body in found.schemas.items():
        dataset.part("schemas").add(name, body)
    schemas = Schemas(dataset.part("schemas"))

    def write_plate(plate: Plate) -> None:
        _write(dataset.plate(plate.plate_id), plate, schemas)
        tell()

    _all(write_plate, plates)


def _holds(there: Artifacts, plate: Plate, schemas: Schemas) -> bool:
    """Whether a plate is there whole; Trouble if another is."""
    try:
        archived = read_checksum(there)
    except ValueError:
        return False
    with plate.file.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if archived != sha256:
        said = f"{plate.plate_id} is another picture there: its SHA-256 is {archived}, and {plate.file} has {sha256}"
        raise Trouble(f"{said}. What is archived stays: give the dataset another --name.")
    _check_manifest(read_manifest(there, plate.plate_id, schemas), plate)
    return True


def _check_manifest(there: dict[str, Any], plate: Plate) -> None:
    """Trouble if another manifest is there."""
    told: dict[str, Any] = json.loads(plate.manifest)
    for name in (*told, *there):
        if there.get(name) != told.get(name):
            now, then = told.get(name), there.get(name)
            said = f"{plate.plate_id} has the {name} {then!r} there, and from {plate.file} it would be {now!r}"
            raise Trouble(f"{said}. What is archived stays: give the dataset another --name.")


def _write(there: Artifacts, plate: Plate, schemas: Schemas) -> None:
    """Picture, manifest, and last the checksum of the very bytes that were written."""
    schemas.check("plate_manifest", json.loads(plate.manifest))
    body = plate.file.read_bytes()
    sha256 = hashlib.sha256(body).hexdigest()
    checksum = plate.archived or f"{sha256}  {plate.source}\n".encode()
    expected = checksum.decode().lower().split()[0]
    if expected != sha256:
        raise ValueError(f"{plate.file} is not what was archived: its SHA-256 is {sha256}, {CHECKSUM} says {expected}.")
    for name, content in ((plate.source, body), (MANIFEST, plate.manifest), (CHECKSUM, checksum)):
        there.add(name, content)


def _all(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """`work` of each; after the first that fails no other is begun."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        try:
            return list(threads.map(work, items))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
