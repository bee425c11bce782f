"""An archive and its manifest → what is not as it was written; a command that was killed goes on where it was."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.archive_project import Root
from cli.archive_state import State, state
from cli.progress import bars
from lambdas.archive import manifest as manifests
from lambdas.archive.entries import KeptList
from lambdas.archive.findings import Finding, places
from lambdas.archive.inventory import Inventory, UnlikeInventory
from lambdas.archive.manifest import Manifest
from lambdas.archive.objects import Found
from lambdas.archive.reference import FOLDER, reference_findings
from lambdas.archive.tree import tree
from lambdas.archive.verification import Step, Verification, together, told_step

KEEP_HOURS = 24  # what was looked at longer ago says nothing about now


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What was found, for each object and each place, and what that rests on."""

    manifest: Manifest
    step: Step
    places: list[dict[str, Any]]
    went_on_after: str

    @property
    def findings(self) -> list[Finding]:
        return self.step.findings

    def told(self) -> dict[str, Any]:
        """For machines."""
        findings = [finding.told() for finding in self.findings]
        told = {"manifest": self.manifest.id, "created_at": self.manifest.created_at, "places": self.places}
        counts = {"objects": self.step.objects, "bytes_read": self.step.bytes_read, "rests_on": self.step.rests_on}
        return {**told, **counts, "went_on_after": self.went_on_after or None, "findings": findings}


def verified(root: Root, *, inventory: str | None, read_all: bool, fresh: bool) -> Verified:
    """Compare everything, with a bar."""
    with root.asked():
        artifacts = root.artifacts()
        manifest = manifests.current(artifacts)
        asked = {"url": root.url, "manifest": manifest.id, "inventory": inventory, "read_all": read_all}
        lines = state("verify", keep_hours=KEEP_HOURS, fresh=fresh, **asked)
        with manifest.entries(artifacts) as entries, lines as kept:
            listed = _inventory(root, inventory, manifest) if inventory else None
            verification = Verification(root.objects(), entries, tree(), read_all=read_all)
            before = together(map(told_step, kept.lines()))
            steps = verification.steps(after=before.after, listed=listed)
            step = _followed(steps, kept, before, manifest)
            wrong = list(reference_findings(root.artifacts(FOLDER)))
            result = _verified(manifest, entries, step, wrong, went_on_after=before.after)
            kept.forget()
    return result


def _inventory(root: Root, url: str, manifest: Manifest) -> list[Found]:
    """What an inventory lists; one from before the manifest would miss what came between."""
    inventory = Inventory(root.client, url)
    if inventory.made_at < datetime.fromisoformat(manifest.created_at):
        raise UnlikeInventory(f"{url} was made before {manifest.id}: wait for the next one, or do without.")
    return inventory.found(root.bucket().bucket)


def _followed(steps: Iterable[Step], kept: State, before: Step, manifest: Manifest) -> Step:
    with bars() as progress:
        bar = progress.add_task("Verifying", total=max(manifest.objects, 1), completed=before.objects)
        found = [before]
        for step in steps:
            kept.add(step.told())
            found.append(step)
            progress.update(bar, advance=step.objects, description=_said(found))
    return together(found)


def _said(found: list[Step]) -> str:
    wrong = sum(len(step.findings) for step in found)
    return f"Verifying: {wrong} findings" if wrong else "Verifying"


def _verified(
    manifest: Manifest, entries: KeptList, step: Step, wrong: list[Finding], *, went_on_after: str
) -> Verified:
    compared = places(tree(), entries, step.findings)
    whole = Step(**{**vars(step), "findings": [*step.findings, *wrong]})
    return Verified(manifest=manifest, step=whole, places=compared, went_on_after=went_on_after)
