"""A folder of pictures, or of a structured dataset → the plates that it makes, none of them decoded."""

import json
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from cli.trouble import Trouble
from containers.plate_runs.dataset import PLATES, Dataset
from containers.plate_runs.pictures import MAX_MEGAPIXELS
from containers.plate_runs.schemas import FILES, Schemas
from containers.plate_runs.source import CHECKSUM, MANIFEST, MOST_BYTES, read_checksum, read_manifest
from loupe.artifacts import Artifacts

MOST_PLATES = 999  # their numbers have three digits
_KEPT = frozenset({"JPEG", "MPO"})  # a JPEG with further ones behind it is one


@dataclass(frozen=True, kw_only=True)
class Plate:
    """A picture on this machine and what will be said of it; `archived` is its `source.sha256` where it has one."""

    plate_id: str
    file: Path
    manifest: bytes
    archived: bytes | None = None

    @property
    def source(self) -> str:
        """Where the picture lies in the plate's folder."""
        return str(json.loads(self.manifest)["source_image"])


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What a folder holds: plates in the order of their numbers, and schemas by name."""

    plates: list[Plate]
    schemas: dict[str, bytes]


def read(folder: Path) -> Collection:
    """Look at every picture's header; Trouble says which cannot be a plate, and what to do."""
    try:
        found = _structured(folder) if (folder / PLATES).is_dir() else Collection(plates=_numbered(folder), schemas={})
        for plate in found.plates:
            _check(plate.file)
    except OSError as error:
        raise Trouble(f"{error.filename or folder} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise Trouble(f"{folder}: {' '.join(str(error).split())}") from error
    return found


def _numbered(folder: Path) -> list[Plate]:
    """Pictures in the order of their names, numbers in them counted as numbers."""
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    if not files:
        raise ValueError("there are no pictures here; in folders of this one none are looked for.")
    if len(files) > MOST_PLATES:
        raise ValueError(f"{len(files)} pictures are more than the {MOST_PLATES} of a dataset: make several of them.")
    files.sort(key=lambda path: ([*map(_part, re.split(r"([0-9]+)", path.stem))], path.name))
    return [Plate(plate_id=_plate_id(at), file=file, manifest=_manifest(at, file)) for at, file in enumerate(files, 1)]


def _part(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (0, text.casefold())


def _plate_id(number: int) -> str:
    return f"plate-{number:03}"


def _manifest(number: int, file: Path) -> bytes:
    """What a file's name says of its plate; nothing of today, so that it is the same tomorrow."""
    name = unicodedata.normalize("NFC", file.stem.encode(errors="replace").decode())
    title = " ".join(re.sub(r"[\W_]+", " ", name).split()) or _plate_id(number)
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    told = {
        "plate_id": _plate_id(number),
        "plate_number": number,
        "title": title,
        "slug": "-".join(plain.split()) or _plate_id(number),
        "source_image": f"source/{_plate_id(number)}.jpg",
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def _structured(folder: Path) -> Collection:
    """Plates as they are, byte for byte; the schemas that they keep come with them, runs and ledgers do not."""
    dataset = Dataset(str(folder))
    schemas = Schemas(dataset.part("schemas"))
    kept = {path.name: path.read_bytes() for path in (folder / "schemas").glob("*") if path.name in FILES.values()}
    plates = [_archived(dataset.plate(plate_id), plate_id, schemas) for plate_id in dataset.plates()]
    return Collection(plates=plates, schemas=kept)


def _archived(plate: Artifacts, plate_id: str, schemas: Schemas) -> Plate:
    source = read_manifest(plate, plate_id, schemas)["source_image"]
    read_checksum(plate)
    manifest, checksum = plate.read(MANIFEST), plate.read(CHECKSUM)
    return Plate(plate_id=plate_id, file=Path(plate.url) / source, manifest=manifest, archived=checksum)


def _check(file: Path) -> None:
    """ValueError for what is no JPEG, by its header."""
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"{file.name} has {size >> 20} MiB, and a plate at most {MOST_BYTES >> 20}.")
    kind, width, height = _header(file)
    if kind not in _KEPT:
        what = f"is a {kind}" if kind else "is no picture"
        raise ValueError(
            f"{file.name} {what}, and plates are JPEGs, kept byte for byte: convert it, or put it elsewhere."
        )
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise ValueError(f"{file.name} has {width} x {height} pixels, and a plate at most {MAX_MEGAPIXELS} million.")


def _header(file: Path) -> tuple[str | None, int, int]:
    Image.MAX_IMAGE_PIXELS = None  # the limit is ours
    with file.open("rb") as body:
        try:
            with Image.open(body) as picture:
                return picture.format, *picture.size
        except Exception:  # whatever a decoder stumbles over is no picture
            return None, 0, 0
