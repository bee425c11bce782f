"""An address and copies of what is there → what may be deleted, and what was."""

from dataclasses import dataclass
from typing import Any

from cli.archive_project import Root
from cli.progress import bars
from lambdas.archive import manifest as manifests
from lambdas.archive.deletions import Candidate, Deletions, Kept, Mirror
from lambdas.archive.tree import tree


@dataclass(frozen=True)
class Cleared:
    """What is there, with copies or with reasons to stay, and what was deleted of it."""

    candidates: list[Candidate]
    deleted: list[Candidate]
    stayed: list[Candidate]

    def told(self) -> dict[str, Any]:
        """For machines."""
        return {
            "plan": [one.told() for one in self.candidates],
            "deleted": [one.told() for one in self.deleted],
            "stayed": [one.told() for one in self.stayed],
        }


class Clearing:
    """Deletions under an address whose copies are in the project's manifest, or at another address."""

    def __init__(self, place: Root, project: Root, copies: Root | None) -> None:
        self._place = place
        with place.asked():
            bucket, archive = place.bucket(), project.bucket()
            known = Mirror(copies.objects(), but=bucket) if copies else _kept(project, but=place)
            self._deletions = Deletions(bucket, known, tree(), project=archive)

    def planned(self) -> list[Candidate]:
        """Everything that is there, looked at with a bar."""
        with self._place.asked(), bars() as progress:
            bar = progress.add_task("Looking for copies", total=None)
            found = []
            for candidate in self._deletions.candidates():
                progress.advance(bar)
                found.append(candidate)
        return found

    def done(self, planned: list[Candidate]) -> Cleared:
        """Delete what has a copy, with a bar."""
        total = sum(1 for one in planned if one.copy)
        with self._place.asked(), bars() as progress:
            bar = progress.add_task("Deleting", total=total)
            ended = []
            for candidate in self._deletions.deleted(planned):
                progress.advance(bar)
                ended.append(candidate)
        return Cleared(planned, [one for one in ended if one.copy], [one for one in ended if not one.copy])


def _kept(project: Root, *, but: Root) -> Kept:
    artifacts = project.artifacts()
    with manifests.current(artifacts).entries(artifacts) as entries:
        return Kept(project.bucket(), entries, but=but.bucket())
