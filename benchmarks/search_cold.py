"""A process just begun: `python -m benchmarks.search_cold REFERENCE` → seconds and bytes to its first answer."""

import json
import sys
import time

START = time.perf_counter()

from loupe.artifacts import FolderArtifacts  # noqa: E402  # the clock runs before
from loupe.loaded import load  # noqa: E402
from loupe.reference import Reference  # noqa: E402


class Counted(FolderArtifacts):
    """A folder that knows how many bytes were read of it."""

    fetched = 0

    def read(self, name: str, *, most_bytes: int | None = None) -> bytes:
        return self._counted(super().read(name, most_bytes=most_bytes))

    def read_part(self, name: str, at: int, count: int) -> bytes:
        return self._counted(super().read_part(name, at, count))

    @classmethod
    def _counted(cls, body: bytes) -> bytes:
        cls.fetched += len(body)
        return body


class CountedReference(Reference):
    def folder(self, name: str) -> Counted:
        return Counted(super().folder(name).url)


def main(url: str) -> None:
    imported = time.perf_counter()
    [name] = CountedReference(url).names()
    loaded = load(CountedReference(url).version(name))
    read = time.perf_counter()
    vector = [1.0 if number % 3 else -1.0 for number in range(loaded.nearest.dims)]
    loaded.search(vector, 10, exact=True)
    seconds = {"imports": imported - START, "load": read - imported, "first answer": time.perf_counter() - read}
    print(json.dumps({**seconds, "bytes": Counted.fetched, "rows": loaded.rows.fetched}))


if __name__ == "__main__":
    main(sys.argv[1])
