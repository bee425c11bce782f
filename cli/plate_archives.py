"""Datasets of plates where a person has them: in an environment's project bucket, or in a folder of this machine."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.account import Account, account
from cli.trouble import Trouble
from containers.plate_runs.dataset import PLATES, Dataset
from lambdas.plate_runs.settings import PLATES as DATASETS
from loupe import contracts
from loupe.artifacts import WrittenByAnother, open_artifacts


@dataclass(frozen=True)
class Archive:
    """A dataset, and the account and client of S3 that reach it; none for a folder."""

    name: str
    url: str
    account: Account | None = None
    client: Any = None

    def open(self) -> Dataset:
        return Dataset(self.url, self.client)

    def plates(self) -> list[str]:
        """Their ids in order; Trouble if there are none."""
        with self.asked():
            return self.open().plates()

    @contextmanager
    def asked(self) -> Iterator[None]:
        """What the dataset, the disk or AWS refuses is one sentence."""
        with self.account.asked() if self.account else nullcontext():
            try:
                yield
            except (ValueError, WrittenByAnother, OSError) as error:
                raise Trouble(" ".join(str(error).split())) from error


def open_archive(name: str, env: str | None) -> Archive:
    """A dataset of an environment, or the folder of one on this machine."""
    return folder_archive(name) or archive_of(account(env), name)


def folder_archive(name: str) -> Archive | None:
    """The dataset in a folder, if there is one."""
    return Archive(name, name) if (Path(name) / PLATES).is_dir() else None


def archive_of(where: Account, name: str) -> Archive:
    """The dataset of that name in an environment, whether it is there or not."""
    asked = contracts.schema("plate_runs/start_request")["properties"]["input"]["properties"]
    if not re.fullmatch(asked["dataset"]["pattern"], name):
        raise Trouble(f"{name!r} is no name of a dataset: it has up to 100 letters, digits, dots, dashes and _.")
    return Archive(name, f"{_root(where)}/{name}", where, where.client("s3"))


def archives(where: Account) -> list[Archive]:
    """All datasets of an environment."""
    root, client = _root(where), where.client("s3")
    with where.asked():
        names = list(open_artifacts(root, client).folders())
    return [Archive(name, f"{root}/{name}", where, client) for name in names]


def _root(where: Account) -> str:
    return f"s3://{where.parameter('storage/project-bucket')}/{DATASETS}".rstrip("/")
