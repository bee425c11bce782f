"""Inputs → a sealed version: files that are written once, and `version.json` after all of them."""

import hashlib
import json
import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from containers.search.assembly import Inputs, assemble, digest
from containers.search.findings import Finding, Refused
from loupe import contracts
from loupe.reference import FORMAT, SEAL, NoSuchVersion, Reference, Version

BUILT_BY = "containers.search"
_NAME = re.compile(r"([0-9]{8}-[0-9]{6})-([0-9a-f]{12})")


def build(
    reference: Reference, inputs: Inputs, *, version: str | None = None, tell: Callable[[str], None] = lambda _: None
) -> Version:
    """The version of these inputs, built if it is not there; what an interrupted build has left is completed.

    Refused says what is wrong with the inputs; a name that is another version's is refused, too.
    """
    name = version or _name(reference, inputs)
    folder = reference.folder(name)
    try:
        return _same(reference.version(name), inputs)
    except NoSuchVersion:
        pass
    with tempfile.TemporaryDirectory(prefix="loupe-search-") as work:
        facts: dict[str, Any] = {
            "format": FORMAT,
            "version": name,
            "created_at": _created_at(name),
            "built_by": BUILT_BY,
        }
        facts |= assemble(inputs, Path(work), tell)
        seal = json.dumps(contracts.check("search/version", facts), indent=1).encode() + b"\n"
        for file in facts["files"]:
            tell(f"writing {folder.url}/{file}")
            folder.add(file, Path(work) / file)
        folder.create(SEAL, seal)
    return _same(reference.version(name), inputs)


def _name(reference: Reference, inputs: Inputs) -> str:
    """The name that these inputs have already, or a new one: when, and of what."""
    digests = {file: digest(path) for file, path in inputs.files().items()}
    if inputs.preprocessing:
        digests["preprocessing"] = digest(inputs.preprocessing)
    told = hashlib.sha256(json.dumps([FORMAT, digests], sort_keys=True).encode()).hexdigest()[:12]
    earlier = [name for name in reference.names() if (match := _NAME.fullmatch(name)) and match[2] == told]
    return earlier[0] if earlier else f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{told}"


def _created_at(name: str) -> str:
    """The time in the name, so that a build that is completed says what it said before."""
    match = _NAME.fullmatch(name)
    made = datetime.strptime(match[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC) if match else datetime.now(UTC)
    return made.strftime("%Y-%m-%dT%H:%M:%SZ")


def _same(version: Version, inputs: Inputs) -> Version:
    """The version, if it is of these inputs."""
    files: dict[str, Any] = version.facts["files"]
    other = [file for file, path in inputs.files().items() if files.get(file) != digest(path)]
    if other:
        raise Refused(
            Finding(file, f"version {version.name} is there already, and of another; choose another name")
            for file in other
        )
    return version
