"""A plate's manifest and source, as they were archived: anything else is refused before it is measured."""

import hashlib
import json
import posixpath
import re
from dataclasses import dataclass
from typing import Any

from containers.plate_runs.schemas import Schemas
from loupe.artifacts import Artifacts, TooLarge
from loupe.contracts import ContractError

MANIFEST = "manifest.json"
CHECKSUM = "source.sha256"
MOST_BYTES = 512 << 20
_SOURCE = "source/"
_MOST_TEXT_BYTES = 1 << 20


class Refused(ValueError):
    """A source that is not what was archived, or cannot be told to be; the text is the reason."""

    def __init__(self, reason: str, *, expected: str | None = None, found: str | None = None) -> None:
        super().__init__(reason)
        self.expected, self.found = expected, found


@dataclass(frozen=True, kw_only=True)
class Source:
    """The bytes of a plate, proven to be those that were archived; `path` is relative to the plate's folder."""

    path: str
    body: bytes
    sha256: str


def read_source(plate: Artifacts, plate_id: str, schemas: Schemas) -> Source:
    """ContractError for a manifest that breaks its schema, Refused for a source with another checksum or none."""
    path = read_manifest(plate, plate_id, schemas)["source_image"]
    expected = read_checksum(plate)
    body = _read(plate, path, MOST_BYTES)
    found = hashlib.sha256(body).hexdigest()
    if found != expected:
        reason = f"{path} is not what was archived: its SHA-256 is {found}, and {CHECKSUM} says {expected}."
        raise Refused(reason, expected=expected, found=found)
    return Source(path=path, body=body, sha256=found)


def read_manifest(plate: Artifacts, plate_id: str, schemas: Schemas) -> dict[str, Any]:
    """The plate's manifest, if it keeps its schema, is this plate's, and names a source in the plate's own folder."""
    body = _read(plate, MANIFEST, _MOST_TEXT_BYTES)
    try:
        manifest: dict[str, Any] = schemas.check("plate_manifest", json.loads(body))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"plate_manifest: {MANIFEST} is not JSON: {error}") from error
    path = manifest["source_image"]
    if manifest["plate_id"] != plate_id:
        raise ContractError(f"plate_manifest: data.plate_id is {manifest['plate_id']}, in the folder of {plate_id}")
    if not path.startswith(_SOURCE) or posixpath.normpath(path) != path:
        raise ContractError(f"plate_manifest: data.source_image must be a file in {_SOURCE}, not {path!r}")
    return manifest


def read_checksum(plate: Artifacts) -> str:
    """The first word of `source.sha256`, as sha256sum writes it."""
    words = _read(plate, CHECKSUM, _MOST_TEXT_BYTES).decode(errors="replace").lower().split()
    if not words or not re.fullmatch(r"[0-9a-f]{64}", words[0]):
        raise Refused(f"{CHECKSUM} holds no SHA-256: nothing proves that the source is what was archived.")
    return words[0]


def _read(plate: Artifacts, name: str, most_bytes: int) -> bytes:
    try:
        return plate.read(name, most_bytes=most_bytes)
    except FileNotFoundError:
        raise Refused(f"{name} is not there.") from None
    except TooLarge as error:
        raise Refused(str(error)) from None
