"""Draws an archive of engraved plates as it is kept for runs: `python -m examples.plates FOLDER [--plates N]`.

Each has its manifest, its source and the source's checksum; the same number gives the same bytes every time.
"""

import argparse
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.paper import Paper

PLATES = 12
MEGAPIXELS = 0.8
SEED = 18_270_101
KINDS = ("Heron", "Owl", "Finch", "Plover", "Warbler", "Falcon", "Grebe", "Thrush", "Wren", "Tern", "Swallow", "Rail")
MANNERS = ("Great", "Lesser", "Crested", "Marsh", "Golden", "Northern", "Spotted", "Solitary", "Painted", "Winter")
_SEPIA = np.array([[58, 42, 30], [236, 222, 190]], np.float32)  # ink and paper
_BIRD = (  # along, up, half its length and height, darkness: tail, body, wing, head, beak
    (-0.26, 0.0, 0.16, 0.03, 0.9),
    (0.0, 0.0, 0.2, 0.11, 0.7),
    (-0.06, 0.02, 0.15, 0.06, 0.95),
    (0.17, 0.1, 0.075, 0.065, 0.8),
    (0.25, 0.1, 0.05, 0.012, 1.1),
)
_LINES = 190  # that an engraver cuts into the height of a plate

Field = NDArray[np.float32]


def write(folder: Path, plates: int = PLATES, *, megapixels: float = MEGAPIXELS) -> None:
    """The archive, without runs."""
    for number in range(1, plates + 1):
        write_plate(folder, number, megapixels=megapixels)


def write_plate(folder: Path, number: int, *, megapixels: float = MEGAPIXELS) -> None:
    """One plate of it."""
    plate = folder / "plates_structured" / f"plate-{number:03}"
    (plate / "source").mkdir(parents=True, exist_ok=True)
    body = picture(number, megapixels=megapixels)
    (plate / "source" / f"{plate.name}.jpg").write_bytes(body)
    (plate / "source.sha256").write_text(f"{hashlib.sha256(body).hexdigest()}  source/{plate.name}.jpg\n")
    (plate / "manifest.json").write_text(json.dumps(manifest(number), indent=1) + "\n")


def manifest(number: int) -> dict[str, Any]:
    """What the archive says of a plate."""
    title = _title(number)
    return {
        "plate_id": f"plate-{number:03}",
        "plate_number": number,
        "title": title,
        "slug": title.lower().replace(" ", "-"),
        "source_image": f"source/plate-{number:03}.jpg",
        "download_url": None,
        "license": "CC0-1.0",
        "created_at": "1827-01-01T00:00:00Z",
    }


def picture(number: int, *, megapixels: float = MEGAPIXELS) -> bytes:
    """A plate as a JPEG: about so many pixels, every third on its side, no two of the same size."""
    rng = np.random.default_rng([SEED, number])
    aspect = rng.uniform(0.66, 0.82) if number % 3 else rng.uniform(1.25, 1.5)
    width, height = (max(16, round((megapixels * 1e6 * share) ** 0.5)) for share in (aspect, 1 / aspect))
    ink = np.maximum(_engraved(_tones(rng, width, height), rng), _printed(number, width, height))
    colours = _SEPIA[1] + (_SEPIA[0] - _SEPIA[1]) * ink[..., None]
    colours += _mottled(rng, width, height)[..., None] + rng.normal(0, 2.5, (height, width, 1))
    image, out = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8)), io.BytesIO()
    image.save(out, "JPEG", quality=int(rng.integers(84, 94)), progressive=number % 5 == 0)
    return out.getvalue()


def _tones(rng: np.random.Generator, width: int, height: int) -> Field:
    """How dark each spot is, 0 to 1: a sky, a ground, and a bird made of ovals; less than 0 stays paper."""
    y, x = np.mgrid[0 : height / width : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    tall = height / width
    tones = 0.2 * y / tall - 0.06 + np.where(y > tall * (0.74 + 0.02 * np.sin(9 * x)), 0.3, 0)
    middle, turn = (rng.uniform(0.45, 0.55), tall * rng.uniform(0.42, 0.5)), rng.uniform(-0.25, 0.25)
    for along, up, across, down, dark in _BIRD:
        u, v = x - middle[0], y - middle[1]
        u, v = u * np.cos(turn) + v * np.sin(turn) - along, v * np.cos(turn) - u * np.sin(turn) + up
        inside = 1 - (u / across) ** 2 - (v / down) ** 2
        tones = np.where(inside > 0, dark - 0.5 * inside * (0.6 - v / down), tones)
    blank = (np.minimum(np.minimum(x, 1 - x), y) < 0.05 * tall) | (y > tall * 0.9)
    return np.where(blank, -1, tones).astype(np.float32)


def _engraved(tones: Field, rng: np.random.Generator) -> Field:
    """Tones as an engraver cuts them: lines that swell where it is dark, crossed where it is darker."""
    height, width = tones.shape
    y, x = np.mgrid[0 : _LINES : height * 1j, 0 : _LINES * width / height : width * 1j].astype(np.float32)
    lean, wave = rng.uniform(0.2, 0.9), 2 * np.sin(x / 11)
    cut = np.cos(2 * np.pi * (y + lean * x + wave)) / 2 + 0.5
    cross = np.cos(2 * np.pi * (y - 1.3 * x)) / 2 + 0.5
    soft = 4 * _LINES / height + 0.1  # how fast a line ends, on pixels as coarse as these
    ink = np.clip((tones - cut) / soft + 0.5, 0, 1)
    ink = np.maximum(ink, np.clip((tones - 0.45 - cross) / soft + 0.5, 0, 1))
    return np.asarray(ink * 0.92, np.float32)


def _printed(number: int, width: int, height: int) -> Field:
    """The frame and what is lettered below it."""
    paper, unit = Paper(width=width, height=height), height / 100
    for inset, line in ((2.0, 0.5), (3.2, 0.2)):
        paper.frame(
            inset * unit, inset * unit, width - inset * unit, height - inset * unit, width=max(1, round(line * unit))
        )
    paper.write(width - 5 * unit, 7 * unit, f"PLATE {number}.", max(4.0, 2 * unit), align="right")
    paper.write(width / 2, 95 * unit, _title(number), max(4.0, 3 * unit), align="centre")
    return np.asarray(1 - np.asarray(paper.picture) / 255, np.float32)


def _mottled(rng: np.random.Generator, width: int, height: int) -> Field:
    """What damp and light did to the paper."""
    spots = Image.fromarray(rng.normal(0, 7, (9, 7)).astype(np.float32))
    return np.asarray(spots.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def _title(number: int) -> str:
    return f"{MANNERS[number // len(KINDS) % len(MANNERS)]} {KINDS[number % len(KINDS)]}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw an archive of engraved plates.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plates", type=int, default=PLATES)
    parser.add_argument("--megapixels", type=float, default=MEGAPIXELS, help="of a plate (default: %(default)s)")
    flags = parser.parse_args()
    write(flags.folder, flags.plates, megapixels=flags.megapixels)


if __name__ == "__main__":
    main()
