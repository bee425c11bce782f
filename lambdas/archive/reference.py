"""A reference version's files → where rows of embeddings, rows of the index and cards of the metadata do not agree."""

import ast
import json
import math
import re
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lambdas.archive.findings import Finding
from loupe.artifacts import Artifacts

FOLDER = "data/reference"
POINTER = "current.json"
SEAL = "version.json"
EMBEDDINGS, INDEX, METADATA = FILES = ("embeddings.npy", "index.json", "metadata.json")
NAMED = 3  # cards that a sentence names
MOST_BYTES = 1 << 30


class Unlike(ValueError):
    """A file of a reference version is not what it should be."""


def reference_findings(reference: Artifacts) -> Iterator[Finding]:
    """What is wrong with the versions below and with the pointer to one of them; one in the making is left alone."""
    versions = list(reference.folders())
    for version in versions:
        yield from _version_findings(reference, version)
    if reference.version(POINTER) is None:
        return
    try:
        pointed = _json(reference, POINTER, dict).get("version")
        if pointed not in versions:
            yield _finding(POINTER, f"it points to {pointed!r}, and there is no such version")
    except Unlike as reason:
        yield _finding(POINTER, str(reason))


def rows_of(reference: Artifacts, name: str) -> int:
    """How many rows an array has, as its header says and its size confirms."""
    try:
        size = reference.size(name)
        with reference.open(name) as file:
            magic, major, _ = struct.unpack("<6sBB", file.read(8))
            length = struct.unpack("<H" if major == 1 else "<I", file.read(2 if major == 1 else 4))[0]
            header = ast.literal_eval(file.read(length).decode("latin-1"))
            begin = file.tell()
        rows, item = header["shape"][0], int(re.findall(r"[0-9]+", header["descr"])[0])
        whole = begin + math.prod(header["shape"]) * item
    except (struct.error, ValueError, SyntaxError, KeyError, TypeError, IndexError) as error:
        raise Unlike("it is no array of NumPy") from error
    if magic != b"\x93NUMPY" or size != whole:
        raise Unlike(f"it has {size} bytes, and its header says {whole}")
    return int(rows)


def _version_findings(reference: Artifacts, version: str) -> Iterator[Finding]:
    there = {name for name in (*FILES, SEAL) if reference.version(f"{version}/{name}") is not None}
    missing = sorted(set(FILES) - there)
    if missing:
        if SEAL in there:
            yield from (_finding(f"{version}/{name}", f"{SEAL} is there, and this is not") for name in missing)
        return
    read = {EMBEDDINGS: rows_of, INDEX: _cards, METADATA: _metadata}
    found = dict[str, Any]()
    for name, reader in read.items():
        try:
            found[name] = reader(reference, f"{version}/{name}")
        except Unlike as reason:
            yield _finding(f"{version}/{name}", str(reason))
    if len(found) == len(FILES):
        yield from (_finding(f"{version}/{INDEX}", reason) for reason in _disagreements(*found.values()))


def _disagreements(rows: int, cards: list[str], metadata: set[str]) -> Iterator[str]:
    if len(cards) != rows:
        yield f"it has {len(cards)} rows, and {EMBEDDINGS} has {rows}"
    if twice := sorted(card for card, times in Counter(cards).items() if times > 1):
        yield f"it has {len(twice)} cards more than once: {_some(twice)}"
    if without := sorted(set(cards) - metadata):
        yield f"it has {len(without)} cards that {METADATA} has not: {_some(without)}"
    if beyond := sorted(metadata - set(cards)):
        yield f"it has not {len(beyond)} cards that {METADATA} has: {_some(beyond)}"


def _cards(reference: Artifacts, name: str) -> list[str]:
    """The card of each row: a list, or an object whose names are the rows."""
    found = _json(reference, name, (list, dict))
    if isinstance(found, list):
        return [str(card) for card in found]
    try:
        by_row = {int(row): str(card) for row, card in found.items()}
    except ValueError as error:
        raise Unlike("its names are no rows") from error
    if sorted(by_row) != list(range(len(found))):
        raise Unlike(f"its rows are not those from 0 to {len(found) - 1}")
    return [by_row[row] for row in range(len(found))]


def _metadata(reference: Artifacts, name: str) -> set[str]:
    return set(_json(reference, name, dict))


def _json(reference: Artifacts, name: str, kind: Any) -> Any:
    try:
        found = json.loads(reference.read(name, most_bytes=MOST_BYTES))
    except ValueError as error:
        raise Unlike(f"it cannot be read: {error}") from error
    if not isinstance(found, kind):
        raise Unlike(f"it is a {type(found).__name__}, which it should not be")
    return found


def _some(cards: list[str]) -> str:
    return ", ".join(cards[:NAMED]) + (", …" if len(cards) > NAMED else "")


def _finding(name: str, reason: str) -> Finding:
    return Finding(kind="reference", key=f"{FOLDER}/{name}", reason=reason)
