"""A plate and what a run left of it, read and checked → what a contact sheet shows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from cli.plate_archives import Archive
from cli.thumbnails import thumbnail
from cli.trouble import Trouble
from containers.plate_runs.dataset import PLATES, SEAL, Dataset
from containers.plate_runs.records import read_seal
from containers.plate_runs.schemas import Schemas
from containers.plate_runs.source import read_manifest, read_source
from loupe.ahead import worked_ahead

SIDE = 300  # of a picture on the sheet
_MEASURED = {"baseline": "cpu_baseline", "segmentation": "segmentation_otsu"}

Facts = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class View:
    """One plate. Without `sealed` the run has nothing to say of it; `troubles` are what cannot be shown, and why."""

    plate_id: str
    title: str = ""
    sealed: bool = False
    plate: Image.Image | None = None
    mask: Image.Image | None = None
    baseline: Facts = field(default_factory=dict)
    segmentation: Facts = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


def chosen(archive: Archive, run_id: str, plates: list[str] | None, limit: int) -> list[View]:
    """Some plates of a run, by their ids or the first; Trouble where the run has sealed none of them."""
    known = archive.plates()
    if unknown := set(plates or []) - set(known):
        raise Trouble(f"{archive.url} has no plate {', '.join(sorted(unknown))}: it has {known[0]} to {known[-1]}.")
    found = list(views(archive, run_id, (plates or known)[:limit]))
    if not any(view.sealed for view in found):
        raise Trouble(f"{run_id} has sealed none of {len(found)} plates: {found[0].troubles[0]}")
    return found


def views(archive: Archive, run_id: str, plates: list[str]) -> Iterator[View]:
    """The plates in this order; what is wrong with one is told in its view."""
    with archive.asked():
        dataset = archive.open()
        schemas = Schemas(dataset.part("schemas"))
        yield from worked_ahead(lambda plate_id: _Look(dataset, run_id, plate_id, schemas).view(), plates)


class _Look:
    """Step by step at one plate; a step that fails does not keep the others from being taken."""

    def __init__(self, dataset: Dataset, run_id: str, plate_id: str, schemas: Schemas) -> None:
        self._plate, self._plate_id, self._schemas = dataset.plate(plate_id), plate_id, schemas
        self._run_id, self._run = run_id, dataset.part(f"{PLATES}/{plate_id}/runs/{run_id}")
        self._seen: dict[str, Any] = {}

    def view(self) -> View:
        """All that there is to see."""
        troubles = []
        for step in (self._title, self._measured, self._source, self._mask):
            try:
                step()
            except FileNotFoundError as missing:
                troubles.append(f"{PurePosixPath(str(missing)).name} is not there.")
            except (ValueError, Trouble) as reason:
                troubles.append(" ".join(str(reason).split()))
        return View(plate_id=self._plate_id, **self._seen, troubles=troubles)

    def _title(self) -> None:
        self._seen["title"] = read_manifest(self._plate, self._plate_id, self._schemas)["title"]

    def _measured(self) -> None:
        """What the sealed run says."""
        if not self._run.version(SEAL):
            raise Trouble("The run has not sealed this plate.")
        manifest, _ = read_seal(self._plate, self._plate_id, self._run_id, self._schemas)
        self._seen["sealed"] = True
        for field_name, message in _MEASURED.items():
            if f"{message}.json" in manifest["outputs"]:
                found = json.loads(self._run.read(f"{message}.json"))
                self._seen[field_name] = self._schemas.check(message, found)

    def _source(self) -> None:
        """The picture, if it is what was archived."""
        found = read_source(self._plate, self._plate_id, self._schemas)
        decode = self._seen.get("baseline", {}).get("decode", {})
        if error := decode.get("error"):
            raise Trouble(f"{found.path} cannot be decoded: {error}")
        self._seen["plate"] = thumbnail(found.body, SIDE, name=found.path)[0]

    def _mask(self) -> None:
        if name := self._seen.get("segmentation", {}).get("outputs", {}).get("mask_png"):
            self._seen["mask"] = thumbnail(self._run.read(name), SIDE, name=name)[0]
