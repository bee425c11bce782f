"""What the stack tells this slice's functions, and where everything lies in the project bucket."""

from dataclasses import dataclass

from loupe.settings import Settings

PLATES = "plates/"  # each folder in it is a dataset
TREE = "plates/*/plates_structured/"
SOURCES = f"{TREE}*/source"  # the pictures in source/, and source.sha256
MANIFESTS = f"{TREE}*/manifest.json"
RUNS = f"{TREE}*/runs/"
REPORTS = "plates/*/reports/"
CLAIMS = "plates/*/reports/*/claim.json"
SCHEMAS = "plates/*/schemas/"
LEDGER = "plates/*/ledger/"


@dataclass(frozen=True, kw_only=True)
class StartSettings(Settings):
    """Where datasets lie, and what a run is of which its input says no more; `models` with commas between."""

    project_bucket: str
    models: str
    shards: int
    most_shards: int


@dataclass(frozen=True, kw_only=True)
class EndSettings(Settings):
    """Where the ends of runs are told."""

    notification_topic: str
