"""An archive as it is → its next manifest; a killed command reads nothing twice."""

from dataclasses import asdict, dataclass
from typing import Any

from cli.archive_project import Root
from cli.archive_state import State, state
from cli.progress import bars
from lambdas.archive.checksums import Evidence
from lambdas.archive.drafts import Drafted
from lambdas.archive.entries import Entry
from lambdas.archive.manifest import Manifest
from lambdas.archive.renewal import Renewal
from lambdas.archive.tree import tree


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """What has changed since the last manifest, and the one that there is now: the last one where it was a dry run."""

    manifest: Manifest | None
    changes: dict[str, int]
    read: int
    lost: list[Drafted]
    published: bool

    def told(self) -> dict[str, Any]:
        """For machines."""
        lost = [{"key": one.key, "change": one.change} for one in self.lost]
        told = {"changes": self.changes, "read": self.read, "lost": lost, "published": self.published}
        return {**told, "manifest": self.manifest.message() if self.manifest else None}


def renewed(root: Root, *, read_all: bool, accept: bool, dry_run: bool) -> Renewed:
    """Go through everything, with a bar; what was lost is published only if that is accepted."""
    with root.asked(), state("manifest", url=root.url, read_all=read_all) as kept:
        unfinished = {line["key"]: Entry(**line) for line in kept.lines()}
        with Renewal(root.objects(), root.artifacts(), tree(), unfinished=unfinished, read_all=read_all) as renewal:
            read = _gone_through(renewal, kept)
            publishes = not dry_run and (accept or not renewal.lost)
            manifest = renewal.publish(accept=accept) if publishes else renewal.before
            if publishes:
                kept.forget()
            changes = dict(renewal.changes)
            return Renewed(manifest=manifest, changes=changes, read=read, lost=renewal.lost, published=publishes)


def _gone_through(renewal: Renewal, kept: State) -> int:
    """How many objects had to be read."""
    read = 0
    with bars() as progress:
        bar = progress.add_task("Listing", total=renewal.before.objects if renewal.before else None)
        for drafted in renewal.entries():
            progress.advance(bar)
            if drafted.entry and drafted.evidence is Evidence.READ:
                kept.add(asdict(drafted.entry))
                read += 1
    return read
