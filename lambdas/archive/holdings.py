"""Objects with their checksums → what each place of the tree holds: how many, how large, and one digest of all."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from lambdas.archive.tree import Tree


@dataclass
class Holding:
    """What a place holds; the digest is that of the lines `<sha256>  <key>`, in the order of the keys."""

    name: str
    prefix: str
    objects: int = 0
    bytes: int = 0
    _digest: Any = field(default_factory=hashlib.sha256, repr=False)

    def add(self, key: str, size: int, sha256: str) -> None:
        self.objects += 1
        self.bytes += size
        self._digest.update(f"{sha256}  {key}\n".encode())

    @property
    def digest(self) -> str:
        return str(self._digest.hexdigest())

    def told(self) -> dict[str, Any]:
        """As the manifest says it."""
        return {name: getattr(self, name) for name in ("name", "prefix", "objects", "bytes", "digest")}


class Holdings:
    """What all places hold, added in the order of the keys; what lies in no place counts nowhere."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._found = {place.name: Holding(place.name, place.prefix) for place in tree.places}

    def add(self, key: str, size: int, sha256: str) -> None:
        if place := self._tree.place_of(key):
            self._found[place.name].add(key, size, sha256)

    def all(self) -> list[Holding]:
        """In the order of the tree, the empty ones too."""
        return list(self._found.values())

    def told(self) -> list[dict[str, Any]]:
        """Those that hold something, as the manifest says it."""
        return [holding.told() for holding in self.all() if holding.objects]
