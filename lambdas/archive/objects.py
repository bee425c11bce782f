"""Objects by key under one address: listed in order, read block by block; here those of a folder."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from loupe.files import BUFFER_BYTES, files_below

COLD = frozenset({"GLACIER", "DEEP_ARCHIVE"})  # storage classes that are thawed before they can be read


class ChangedMeanwhile(RuntimeError):
    """An object is not what was listed any more."""


class Cold(RuntimeError):
    """An object cannot be read before it is thawed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An object as it was listed; `version` is None where nothing keeps versions."""

    key: str
    size: int
    etag: str
    modified: datetime
    version: str | None = None
    storage_class: str = "STANDARD"
    algorithms: tuple[str, ...] | None = None

    @property
    def is_marker(self) -> bool:
        """Whether it is there only to make a folder appear."""
        return self.key.endswith("/") and not self.size


class Objects(ABC):
    """Objects by key under one address."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    @abstractmethod
    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[Found]:
        """Those that begin so and come after that key, in the order of their keys, folder markers too."""

    @abstractmethod
    def blocks(self, found: Found) -> Iterator[bytes]:
        """Its bytes; ChangedMeanwhile where they are not those that were listed."""

    @abstractmethod
    def recorded_sha256(self, found: Found) -> str | None:
        """The SHA-256 of all its bytes as its keeper has it, without reading them; None where it has none."""

    @abstractmethod
    def look(self, key: str) -> Found | None:
        """What the key stands for now."""

    def is_there(self, found: Found) -> bool:
        """Whether the key still stands for what was listed."""
        now = self.look(found.key)
        return now is not None and (now.size, now.etag, now.version) == (found.size, found.etag, found.version)


class FolderObjects(Objects):
    """A folder: nothing in it tells whether bytes are what they were but the bytes."""

    def walk(self, prefix: str = "", *, after: str = "") -> Iterator[Found]:
        for key in files_below(Path(self.url)):
            if key > after and key.startswith(prefix):
                yield self._found(key)

    def blocks(self, found: Found) -> Iterator[bytes]:
        try:
            with (Path(self.url) / found.key).open("rb") as file:
                while block := file.read(BUFFER_BYTES):
                    yield block
        except FileNotFoundError as error:
            raise ChangedMeanwhile(f"{self.url}/{found.key} has gone while it was looked at.") from error

    def recorded_sha256(self, found: Found) -> str | None:
        return None

    def look(self, key: str) -> Found | None:
        try:
            return self._found(key)
        except FileNotFoundError:
            return None

    def _found(self, key: str) -> Found:
        status = (Path(self.url) / key).stat()
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        return Found(key=key, size=status.st_size, etag=f"{status.st_ino}-{status.st_mtime_ns}", modified=modified)
