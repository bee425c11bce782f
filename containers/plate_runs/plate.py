"""One plate of a run: read, measured, checked, written once, and sealed last."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from containers.plate_runs.dataset import SEAL, Dataset
from containers.plate_runs.models import MODELS
from containers.plate_runs.pictures import MAX_MEGAPIXELS, open_picture
from containers.plate_runs.schemas import Schemas
from containers.plate_runs.seal import seal
from containers.plate_runs.source import Refused, Source, read_source
from loupe.artifacts import Artifacts
from loupe.claims import Claim, timestamp
from loupe.contracts import ContractError


class Ending(Enum):
    """How a plate ended; for all but the first two someone has to mend what the reason says."""

    PROCESSED = auto()
    SKIPPED = auto()
    REFUSED = auto()
    BROKE_SCHEMA = auto()
    ERROR = auto()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A plate's end, and why; `undecodable` plates are processed all the same."""

    plate_id: str
    ending: Ending
    reason: str = ""
    undecodable: bool = False
    expected: str | None = None
    found: str | None = None


@dataclass(frozen=True, kw_only=True)
class PlateRun:
    """What all plates of a run share. `cores` is held while one is decoded and measured."""

    dataset: Dataset
    claim: Claim
    schemas: Schemas
    cores: AbstractContextManager[object]
    look_first: bool  # for a seal of an earlier attempt
    max_megapixels: int = MAX_MEGAPIXELS

    def end(self, plate_id: str) -> Outcome:
        """Bring a plate to its end, whatever happens."""
        try:
            return self._end(plate_id, self.dataset.plate(plate_id))
        except ContractError as reason:
            return Outcome(plate_id=plate_id, ending=Ending.BROKE_SCHEMA, reason=str(reason))
        except Refused as reason:
            expected, found = reason.expected, reason.found
            return Outcome(plate_id=plate_id, ending=Ending.REFUSED, reason=str(reason), expected=expected, found=found)
        except Exception as error:  # one plate's trouble must not keep the others from their end
            told = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
            return Outcome(plate_id=plate_id, ending=Ending.ERROR, reason=told)

    def _end(self, plate_id: str, plate: Artifacts) -> Outcome:
        folder = f"runs/{self.claim.run_id}"
        if self.look_first and plate.version(f"{folder}/{SEAL}"):
            return Outcome(plate_id=plate_id, ending=Ending.SKIPPED)
        source = read_source(plate, plate_id, self.schemas)
        with self.cores:
            outputs, error = self._measure(plate_id, source)
        manifest = seal(self.claim, plate_id, outputs, (source.path, source.sha256))
        self.schemas.check("run_manifest", manifest)
        for name, body in {**outputs, SEAL: _json(manifest)}.items():
            plate.add(f"{folder}/{name}", body)
        return Outcome(plate_id=plate_id, ending=Ending.PROCESSED, undecodable=error is not None, reason=error or "")

    def _measure(self, plate_id: str, source: Source) -> tuple[dict[str, bytes], str | None]:
        """The outputs by name, each checked, and why the picture could not be decoded."""
        picture = open_picture(source.body, name=source.path, sha256=source.sha256, max_megapixels=self.max_megapixels)
        head = self._head(plate_id, source)
        outputs: dict[str, bytes] = {}
        for name in self.claim.models:
            model = MODELS[name]
            if measured := model.measure(picture):
                facts = self.schemas.check(model.message, {**head, **measured.facts})
                outputs |= {f"{model.message}.json": _json(facts), **measured.files}
        return outputs, picture.error

    def _head(self, plate_id: str, source: Source) -> dict[str, str]:
        run_id = self.claim.run_id
        made = timestamp(run_id)
        return {"plate_id": plate_id, "run_id": run_id, "timestamp": made, "source_image": source.path}


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode() + b"\n"
