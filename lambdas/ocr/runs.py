"""What a run is: one version of one dataset read by one model. Its id, its place, its program's flags; knows no AWS."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TypedDict

from lambdas.ocr.settings import INCOMING, OUTPUT

JOB_PREFIX = "ocr-"
_DATASET = re.compile(rf"{re.escape(INCOMING)}([^/]+)\.parquet")
_KEY_BYTES = 1024
_LONGEST_FILE_BYTES = 64  # the names that the program gives to files in a run's folder are shorter


class Options(TypedDict, total=False):
    """What whoever submits may choose; the request's schema says the ranges."""

    concurrency: int
    batch_size: int
    max_rows: int
    max_failures: int
    max_usd: float
    single_file: bool


@dataclass(frozen=True, kw_only=True)
class Run:
    """The same version, model and number of rows are the same run, whoever asks for it and how often."""

    bucket: str
    key: str
    version_id: str
    model: str
    max_rows: int | None = None
    own_images: bool = False

    @property
    def id(self) -> str:
        identity = [self.bucket, self.key, self.version_id, self.model, self.max_rows]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:16]

    @property
    def dataset(self) -> str:
        """The dataset's name: the object's, without folder and ending."""
        return self.key.removeprefix(INCOMING).removesuffix(".parquet")

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def images(self) -> str | None:
        """Where its images lie, if not beside it."""
        return f"s3://{self.bucket}/{INCOMING}{self.dataset}/" if self.own_images else None

    @property
    def folder(self) -> str:
        """Where the run's files are in the results bucket."""
        return f"{OUTPUT}{self.dataset}/{self.id}/"

    @property
    def job_name(self) -> str:
        return f"{JOB_PREFIX}{self.id}"


def is_dataset(key: str) -> bool:
    """Whether a key is directly under `data/ocr/` and ends in `.parquet`; images beside it are not datasets."""
    return _DATASET.fullmatch(key) is not None


def name_refusal(run: Run) -> str | None:
    """Why no folder can be named after the dataset, in one sentence; None if one can."""
    if run.dataset in {".", ".."}:
        return f"{run.key} is not read: a folder cannot be called {run.dataset!r}."
    longest = _KEY_BYTES - _LONGEST_FILE_BYTES
    if len(run.folder.encode()) > longest:
        return f"The dataset's name is too long: its run's folder must fit into {longest} bytes."
    return None


def command(run: Run, *, output: str, options: Options, rate_per_second: float, checkpoint_rows: int) -> list[str]:
    """The words after the image's entry point."""
    flags = {
        "--dataset": run.url,
        "--dataset-version": run.version_id,
        "--output": output,
        "--images": run.images,
        "--model": run.model,
        "--batch-size": options.get("batch_size", checkpoint_rows),
        "--rate": rate_per_second,
        "--concurrency": options.get("concurrency"),
        "--max-rows": run.max_rows,
        "--max-failures": options.get("max_failures"),
        "--max-usd": options.get("max_usd"),
    }
    words = [str(word) for flag, value in flags.items() if value is not None for word in (flag, value)]
    return ["run", *words, *(["--single-file"] if options.get("single_file") else [])]
