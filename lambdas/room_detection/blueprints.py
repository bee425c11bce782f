"""What counts as a blueprint, and which job an arrived one belongs to."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

CONTENT_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
}
_CARRIED_ID = re.compile(r"blueprints/([0-9a-f]{32})/[^/]+")


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One version of one object under `blueprints/`."""

    bucket: str
    key: str
    version_id: str
    size: int
    account: str

    @property
    def file_name(self) -> str:
        return self.key.rsplit("/", 1)[-1]

    @property
    def carried_id(self) -> str | None:
        """The job id in the key of a file that came through an upload form."""
        carried = _CARRIED_ID.fullmatch(self.key)
        return carried[1] if carried else None

    @property
    def derived_id(self) -> str:
        """The job id of a file that came without one: the same version of the same object always has the same."""
        name = "\0".join((self.bucket, self.key, self.version_id))
        return hashlib.sha256(name.encode()).hexdigest()[:32]


def content_type(file_name: str) -> str | None:
    """By the name's ending; None if it is not a blueprint's. The container looks at the bytes themselves."""
    return CONTENT_TYPES.get(PurePosixPath(file_name).suffix.lower())


def refusal(file_name: str, size: int, *, limit_mib: int) -> str | None:
    """Why a file is not taken, in one sentence; None if it is."""
    if content_type(file_name) is None:
        return f"{file_name} is not a blueprint: its name must end in {', '.join(CONTENT_TYPES)}."
    if size == 0:
        return "The file is empty."
    if size > limit_mib * 2**20:
        return f"The file has {size / 2**20:.1f} MiB; the limit is {limit_mib} MiB."
    return None
