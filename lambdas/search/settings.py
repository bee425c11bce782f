"""What the stack tells this slice's function, and where reference versions lie in the project bucket."""

from dataclasses import dataclass

from loupe.settings import Settings

REFERENCE = "data/reference/"  # a folder for each version
POINTER = f"{REFERENCE}current.json"  # the only object here that changes


@dataclass(frozen=True, kw_only=True)
class QuerySettings(Settings):
    """Where versions are read from, how often the pointer is looked at, what is kept, and which images are taken."""

    project_bucket: str
    look_again_seconds: int
    rows_in_memory_mib: int
    max_image_mib: int
    max_megapixels: int
