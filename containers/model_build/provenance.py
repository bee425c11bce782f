"""Files → their checksums; the bundle's own files are those that it was published with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from refusals import Refused

BUNDLE = "bundle.json"
RECORD = "training.json"  # what a model was made from, beside it
BLOCK = 1 << 20


def sha256_of(file: Path) -> str:
    """In hexadecimal digits."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def checked_bundle(folder: Path) -> dict[str, Any]:
    """What bundle.json says, once every file that it lists is there as it says; Refused if not."""
    try:
        told: dict[str, Any] = json.loads((folder / BUNDLE).read_text(encoding="utf-8"))
        files, _ = told["files"].items(), told["commit"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"The code bundle has no {BUNDLE} that lists its files: {error!r}.") from error
    for name, sha256 in files:
        file = folder / name
        if not file.is_file():
            raise Refused(f"The code bundle lacks {name}, which {BUNDLE} lists.")
        if sha256_of(file) != sha256:
            raise Refused(f"{name} of the code bundle has the SHA-256 {sha256_of(file)}, and {BUNDLE} says {sha256}.")
    return {"commit": told["commit"], "files": told["files"], "sha256_of_list": sha256_of(folder / BUNDLE)}


def write_json(file: Path, told: dict[str, Any]) -> None:
    """JSON has no NaN: what is no number is refused."""
    try:
        text = json.dumps(told, indent=1, sort_keys=True, allow_nan=False)
    except ValueError as error:
        raise Refused(f"{file.name} would hold a number that is none.") from error
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", encoding="utf-8")
