"""The reference versions of an environment: built, verified, published and taken back with the caller's own rights."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from cli.account import Account
from cli.trouble import Trouble
from containers.search.assembly import Inputs
from containers.search.build import build
from containers.search.findings import Finding
from containers.search.publication import publish, rollback
from containers.search.verification import findings
from lambdas.search.settings import REFERENCE
from loupe.artifacts import WrittenByAnother
from loupe.reference import NoSuchVersion, NotPublished, Pointer, Reference, Version
from loupe.rows import Damaged

Told = dict[str, Any]


class Versions:
    """All that commands do with versions; what the bucket, the files or AWS refuse is one sentence."""

    def __init__(self, account: Account) -> None:
        self._account = account
        url = f"s3://{account.parameter('storage/project-bucket')}/{REFERENCE}"
        self._reference = Reference(url, account.client("s3"))

    def build(self, inputs: Inputs, name: str | None) -> Told:
        """The version of these files, whether it is new or not."""
        with self._asked(), _telling("reading") as tell:
            return _told(build(self._reference, inputs, version=name, tell=tell))

    def publish(self, name: str) -> Told:
        """Verify it, and let it answer from now on."""
        with self._asked(), _telling(f"verifying {name}"):
            return publish(self._reference, name).message()

    def rollback(self, name: str | None) -> Told:
        """Let the version before, or this one, answer again."""
        with self._asked(), _telling("verifying"):
            return rollback(self._reference, name).message()

    def verify(self, name: str) -> list[Finding]:
        """Everything that is wrong with a version."""
        with self._asked(), _telling(f"reading {name}"):
            return list(findings(self._reference.version(name)))

    def all(self) -> list[Told]:
        """Every version, newest first, and which is published; one whose build has not ended says so."""
        with self._asked():
            pointer = self._pointer()
            return [self._row(name, pointer) for name in sorted(self._reference.names(), reverse=True)]

    def _row(self, name: str, pointer: Pointer | None) -> Told:
        state = "published" if pointer and name == pointer.version else ""
        state = state or ("before it" if pointer and name == pointer.previous else "")
        try:
            return {**_told(self._reference.version(name)), "state": state}
        except (NoSuchVersion, ValueError) as error:
            unsealed = isinstance(error, NoSuchVersion)
            return {"version": name, "state": "not built to its end" if unsealed else f"damaged: {error}"}

    def _pointer(self) -> Pointer | None:
        try:
            return self._reference.pointer()
        except NotPublished:
            return None

    @contextmanager
    def _asked(self) -> Iterator[None]:
        with self._account.asked():
            try:
                yield
            except (ValueError, LookupError, WrittenByAnother, OSError, Damaged) as error:
                raise Trouble(" ".join(str(error).split())) from error


def _told(version: Version) -> Told:
    facts = version.facts
    return {
        "version": version.name,
        "rows": facts["rows"],
        "dims": facts["dims"],
        "search": facts["search"]["method"],
        "images": bool(facts["embedder"]),
        "created_at": facts["created_at"],
    }


@contextmanager
def _telling(first: str) -> Iterator[Any]:
    """What goes on, on stderr, while it does; nothing where there is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(first) as status:
        yield status.update
