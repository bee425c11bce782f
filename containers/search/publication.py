"""Which version answers: a pointer, moved only from where it was seen, and only to what verifies."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from containers.search.findings import Finding, Refused
from containers.search.verification import findings
from loupe import contracts
from loupe.reference import POINTER, SEAL, NoSuchVersion, NotPublished, Pointer, Reference, Version


def publish(reference: Reference, name: str) -> Pointer:
    """Let this version answer; Refused if it does not verify, WrittenByAnother if another was published meanwhile."""
    seen = reference.root.version(POINTER)
    version = reference.version(name)
    found = Refused(findings(version))
    if found.findings:
        raise found
    return _move(reference, version, seen)


def rollback(reference: Reference, name: str | None = None) -> Pointer:
    """Let an earlier version answer again, the one before this if none is named: it must have all its files."""
    seen = reference.root.version(POINTER)
    wanted = name or reference.pointer().previous
    if wanted is None:
        raise NoSuchVersion(f"{reference.root.url}/{POINTER} knows no version before the one that answers.")
    version = reference.version(wanted)
    found = Refused(_misfits(version))
    if found.findings:
        raise found
    return _move(reference, version, seen)


def versions(reference: Reference) -> list[dict[str, Any]]:
    """Every version, in order: its name, whether it is sealed and whether it answers, and of what it is."""
    try:
        current = reference.pointer().version
    except NotPublished:
        current = None
    return [{**_told(reference, name), "current": name == current} for name in reference.names()]


def _told(reference: Reference, name: str) -> dict[str, Any]:
    try:
        facts = reference.version(name).facts
    except NoSuchVersion:
        return {"version": name, "sealed": False}
    told = {key: facts[key] for key in ("created_at", "rows", "dims", "search")}
    return {"version": name, "sealed": True, **told}


def _misfits(version: Version) -> list[Finding]:
    """Files that are gone or have another size: what can be told without reading them."""
    there = set(version.folder.walk())
    expected = {name: facts["bytes"] for name, facts in version.facts["files"].items()}
    gone = [Finding(name, f"it is gone, and {SEAL} knows it") for name in expected if name not in there]
    sizes = {name: version.folder.size(name) for name in expected if name in there}
    return gone + [
        Finding(name, f"it has {size} bytes, and {SEAL} says {expected[name]}")
        for name, size in sizes.items()
        if size != expected[name]
    ]


def _move(reference: Reference, version: Version, seen: str | None) -> Pointer:
    try:
        before = reference.pointer()
    except NotPublished:
        before = None
    if before and before.version == version.name:
        return before
    moved = Pointer(
        version=version.name,
        previous=before.version if before else None,
        published_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    body = json.dumps(contracts.check("search/pointer", moved.message())).encode() + b"\n"
    with tempfile.TemporaryDirectory() as work:
        written = Path(work, POINTER)
        written.write_bytes(body)
        reference.root.replace(POINTER, written, seen=seen)
    return moved
