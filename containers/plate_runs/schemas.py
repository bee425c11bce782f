"""The JSON Schemas of a dataset: its own where it has them, ours where not."""

import json
from typing import Any

from loupe.artifacts import Artifacts
from loupe.contracts import Contract, schema

FILES = {
    "plate_manifest": "plate.manifest.schema.json",
    "run_manifest": "run.manifest.schema.json",
    "cpu_baseline": "cpu.baseline.schema.json",
    "segmentation_otsu": "segmentation.otsu.schema.json",
}


class BadSchema(ValueError):
    """A schema of the dataset that cannot be used."""


class Schemas:
    """The contracts of a run, read once."""

    def __init__(self, folder: Artifacts) -> None:
        self._contracts = {message: _contract(folder, message) for message in FILES}

    def check(self, message: str, value: Any) -> Any:
        """Return the value unchanged if it keeps the contract; ContractError if not."""
        return self._contracts[message].check(value)


def _contract(folder: Artifacts, message: str) -> Contract:
    try:
        found = folder.read(FILES[message])
    except FileNotFoundError:
        return Contract(message, schema(f"plate_runs/{message}"))
    try:
        return Contract(message, json.loads(found))
    except ValueError as error:
        raise BadSchema(f"{folder.url}/{FILES[message]} is no schema: {error}") from error
