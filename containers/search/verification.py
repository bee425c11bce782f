"""A version read whole → everything that is not as it was sealed, or never was as it must be."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from containers.search import embedder, recall
from containers.search.encoded import Encoded
from containers.search.findings import Finding, Refused
from containers.search.keys import read_cards
from loupe.loaded import Loaded, load
from loupe.reference import CARDS, CELLS, EMBEDDER, EMBEDDINGS, INDEX, METADATA, SEAL, USEARCH, Version
from loupe.rows import Damaged

BLOCK_BYTES = 8 << 20


def findings(version: Version) -> Iterator[Finding]:
    """All that is wrong, each with its file, its row where it has one, and what was expected."""
    damaged = list(_files(version))
    yield from damaged
    if not damaged:
        yield from _refusals(_contents(version))
    elif {finding.file for finding in damaged} == {EMBEDDINGS}:
        yield from _refusals(Encoded(version).findings())


def _files(version: Version) -> Iterator[Finding]:
    """Files that are not the ones that were sealed."""
    there = {name for name in version.folder.walk() if name != SEAL}
    for name in sorted(there - version.facts["files"].keys()):
        yield Finding(name, f"nothing may lie here that {SEAL} does not know")
    for name, expected in version.facts["files"].items():
        if name not in there:
            yield Finding(name, f"it is gone; {SEAL} says it has {expected['bytes']} bytes")
        elif (found := _digest(version, name)) != expected:
            said = f"{expected['bytes']} with {expected['sha256']}"
            yield Finding(name, f"it has {found['bytes']} bytes with SHA-256 {found['sha256']}, and {SEAL} says {said}")


def _digest(version: Version, name: str) -> dict[str, Any]:
    count, sha256 = 0, hashlib.sha256()
    with version.folder.open(name) as file:
        while block := file.read(BLOCK_BYTES):
            sha256.update(block)
            count += len(block)
    return {"bytes": count, "sha256": sha256.hexdigest()}


def _refusals(found: Iterator[Finding]) -> Iterator[Finding]:
    """The same, with what a file's reader refuses."""
    try:
        yield from found
    except Refused as refused:
        yield from refused.findings
    except Damaged as error:
        yield Finding(EMBEDDINGS, str(error))


def _contents(version: Version) -> Iterator[Finding]:
    facts = version.facts
    cards = read_cards(version.read(INDEX), version.read(METADATA), facts["rows"])
    if cards.packed() != version.read(CARDS):
        yield Finding(CARDS, f"it does not say what {INDEX} and {METADATA} say")
    if facts["embedder"]:
        yield from embedder.doubts(version.read(EMBEDDER), facts["embedder"], facts["dims"])
    wrong = list(Encoded(version).findings())
    yield from wrong
    if not wrong:
        yield from _claims(version, load(version))


def _claims(version: Version, loaded: Loaded) -> Iterator[Finding]:
    """What `version.json` says of recall, measured again."""
    search, usearch = version.facts["search"], version.facts["usearch"]
    if search["method"] == "scan" and not usearch:
        return
    recall.read_ahead(loaded.rows, version.facts["rows"] * version.facts["dims"])
    asked = recall.sample(loaded.nearest, loaded.rows)
    if search["method"] == "cells":
        found = asked.recall(partial(recall.quickly, loaded.nearest))
        if found < recall.NEEDED:
            yield Finding(CELLS, f"recall at 10 is {found:.4f}, and {recall.NEEDED} is needed")
    if usearch and usearch["usable"]:
        with tempfile.TemporaryDirectory() as work, version.folder.open(USEARCH) as file:
            path = Path(work, USEARCH)
            with path.open("wb") as copy:
                shutil.copyfileobj(file, copy, BLOCK_BYTES)
            found_usearch = recall.of_usearch(asked, path, (version.facts["rows"], version.facts["dims"]))
        if not found_usearch["usable"]:
            yield Finding(USEARCH, f"{SEAL} says it may be used. {found_usearch['reason']}")
