"""What every job on this laptop needs around it."""

from dataclasses import dataclass
from pathlib import Path

from local.programs import Programs
from local.seams.platform import Platform


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where the engine keeps things, where it answers, which programs it has and who may do what."""

    home: Path
    url: str
    programs: Programs
    platform: Platform
