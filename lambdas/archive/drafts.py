"""What lies in the verified places → the entries of the next manifest; only what has changed is read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lambdas.archive.checksums import Checksum, Evidence, sha256_of
from lambdas.archive.comparison import side_by_side
from lambdas.archive.entries import Entry
from lambdas.archive.objects import ChangedMeanwhile, Found, Objects
from lambdas.archive.tree import Tree
from loupe.ahead import worked_ahead


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """One key in the next manifest, None where it is gone, and in the last one, None where it is new."""

    key: str
    entry: Entry | None
    before: Entry | None
    evidence: Evidence | None
    immutable: bool

    @property
    def change(self) -> str | None:
        """What became of it, None where nothing did."""
        if self.entry is None:
            return "gone" if self.before else None
        if self.before is None:
            return "new"
        return "changed" if self.entry.sha256 != self.before.sha256 else None

    @property
    def is_damage(self) -> bool:
        """Whether something was lost or changed that stays as it is by the tree's contract."""
        return self.immutable and self.change in {"gone", "changed"}


class Draft:
    """The next manifest's entries. Checksums are taken over from the last one, or from a draft that was not finished,

    for the versions that they were taken of; with `read_all` from none."""

    def __init__(
        self,
        objects: Objects,
        tree: Tree,
        before: Iterable[Entry],
        *,
        unfinished: Mapping[str, Entry] | None = None,
        read_all: bool = False,
    ) -> None:
        self._objects, self._tree, self._before, self._read_all = objects, tree, before, read_all
        self._unfinished = unfinished or {}

    def entries(self) -> Iterator[Drafted]:
        """In the order of the keys."""
        listed = (found for found in self._objects.walk() if self._belongs(found))
        for drafted in worked_ahead(self._drafted, side_by_side(listed, self._before)):
            if drafted.entry or drafted.before:
                yield drafted

    def _belongs(self, found: Found) -> bool:
        place = self._tree.place_of(found.key)
        return bool(place and place.verified and not found.is_marker)

    def _drafted(self, pair: tuple[Found | None, Entry | None]) -> Drafted:
        found, before = pair
        if found is None:
            assert before, "a pair has at least one side"
            return self._of(before.key, None, before, None)
        try:
            checksum = self._known(found, before) or sha256_of(self._objects, found, read_all=self._read_all)
        except ChangedMeanwhile:
            return self._of(found.key, None, before, None)
        size, etag, version = found.size, found.etag, found.version
        entry = Entry(key=found.key, size=size, sha256=checksum.sha256, etag=etag, version_id=version)
        return self._of(found.key, entry, before, checksum.evidence)

    def _known(self, found: Found, before: Entry | None) -> Checksum | None:
        known = (before, self._unfinished.get(found.key)) if not self._read_all else ()
        return next((Checksum(entry.sha256, Evidence.VERSION) for entry in known if entry and entry.is_of(found)), None)

    def _of(self, key: str, entry: Entry | None, before: Entry | None, evidence: Evidence | None) -> Drafted:
        place = self._tree.place_of(key)
        return Drafted(
            key=key, entry=entry, before=before, evidence=evidence, immutable=bool(place and place.immutable)
        )
