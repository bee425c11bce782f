"""The archive as it is → the next manifest in the place of the last one, unless that would hide a loss."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from lambdas.archive import manifest as manifests
from lambdas.archive.drafts import Draft, Drafted
from lambdas.archive.entries import Entry, KeptList, NewList
from lambdas.archive.holdings import Holdings
from lambdas.archive.manifest import Manifest
from lambdas.archive.objects import Objects
from lambdas.archive.tree import Tree
from loupe.artifacts import Artifacts


class Loss(ValueError):
    """What stays as it is by the tree's contract has changed or gone since the last manifest."""


class Renewal(AbstractContextManager["Renewal"]):
    """One new manifest: go through `entries`, look at what has changed, publish."""

    def __init__(
        self,
        objects: Objects,
        artifacts: Artifacts,
        tree: Tree,
        *,
        unfinished: Mapping[str, Entry] | None = None,
        read_all: bool = False,
    ) -> None:
        self._artifacts, self._tree = artifacts, tree
        self._seen = manifests.seen(artifacts)
        known = self._seen.manifest
        self._before: KeptList | None = known.entries(artifacts) if known else None
        self._draft = Draft(objects, tree, self._before or (), unfinished=unfinished, read_all=read_all)
        self._folder = tempfile.TemporaryDirectory()
        self._list, self._holdings = Path(self._folder.name) / "checksums", Holdings(tree)
        self.changes = Counter[str]()
        self.lost = list[Drafted]()

    @property
    def before(self) -> Manifest | None:
        """The manifest that there is."""
        return self._seen.manifest

    def entries(self) -> Iterator[Drafted]:
        """Every object, as it is taken into the list, and every one that is gone."""
        with NewList(self._list) as new:
            for drafted in self._draft.entries():
                self._count(drafted)
                if drafted.entry:
                    new.add(drafted.entry)
                    self._holdings.add(drafted.key, drafted.entry.size, drafted.entry.sha256)
                yield drafted

    def publish(self, *, accept: bool = False) -> Manifest:
        """Write it, once all entries were gone through; Loss where something was lost and that is not accepted."""
        if self.lost and not accept:
            what = f"{len(self.lost)} objects that stay by the tree's contract have changed or gone"
            raise Loss(f"{what}, the first of them {self.lost[0].key}: a new manifest would forget them.")
        places, version = self._holdings.told(), self._tree.version
        return manifests.publish(self._artifacts, self._list, places, self._seen, tree_version=version)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._folder.cleanup()
        if self._before:
            self._before.close()

    def _count(self, drafted: Drafted) -> None:
        self.changes[drafted.change or "same"] += 1
        if drafted.is_damage:
            self.lost.append(drafted)
