"""The project's archive where a person has it: an environment's bucket, another address of S3, or a folder."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.account import Account, account
from cli.trouble import Trouble
from lambdas.archive.bucket import S3Objects
from lambdas.archive.objects import FolderObjects, Objects
from loupe.artifacts import Artifacts, WrittenByAnother, open_artifacts


@dataclass(frozen=True)
class Root:
    """An address with objects, and the account and client of S3 that reach it; none for a folder."""

    url: str
    account: Account | None = None
    client: Any = None

    def objects(self, *, versions: bool = True) -> Objects:
        """All of them; without versions for those who may not list them."""
        if self.client is None:
            return FolderObjects(self.url)
        return S3Objects(self.url, self.client, versions=versions)

    def bucket(self) -> S3Objects:
        """The objects of an address of S3; Trouble for a folder."""
        if self.client is None:
            raise Trouble(f"{self.url} is a folder: this needs an address of S3, like s3://bucket/folder.")
        return S3Objects(self.url, self.client)

    def artifacts(self, folder: str = "") -> Artifacts:
        return open_artifacts(f"{self.url}/{folder}".rstrip("/"), self.client)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """What the archive, the disk or AWS refuses is one sentence."""
        with self.account.asked() if self.account else nullcontext():
            try:
                yield
            except (ValueError, RuntimeError, WrittenByAnother, OSError) as error:
                raise Trouble(" ".join(str(error).split())) from error


def project(env: str | None) -> Root:
    """The project bucket of an environment."""
    where = account(env)
    return Root(f"s3://{where.parameter('storage/project-bucket')}", where, where.client("s3"))


def root_of(place: str | None, env: str | None) -> Root:
    """What a person names: an address of S3, reached as the environment is, or a folder; else the project bucket."""
    if place is None:
        return project(env)
    if place.startswith("s3://"):
        where = account(env)
        return Root(place.rstrip("/"), where, where.client("s3"))
    if not Path(place).is_dir():
        raise Trouble(f"{place} is no folder, and no address like s3://bucket/folder.")
    return Root(str(Path(place).resolve()))
