"""A table of pages and its images on their way from this machine to a run."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli.account import Account
from cli.trouble import Trouble
from containers.ocr.images import Images, NoImage
from containers.ocr.table import BadTable, Row, Table, open_table
from lambdas.ocr.datasets import ASKED_FOR, OWN_IMAGES
from lambdas.ocr.runs import is_dataset
from lambdas.ocr.settings import INCOMING
from loupe import contracts
from loupe.artifacts import open_artifacts

Answer = dict[str, Any]
UPLOADS_AT_ONCE = 16
PROBLEMS_SHOWN = 5
_SHA256 = "loupe-sha256"
_NOT_THERE = frozenset({"404", "NoSuchKey"})


@dataclass(frozen=True)
class Dataset:
    """A table on this machine that keeps the contract; `pages` are the files that it names, with a row each."""

    file: Path
    name: str
    rows: int
    pages: dict[str, int]

    @property
    def key(self) -> str:
        return f"{INCOMING}{self.name}.parquet"


def read(file: Path, *, name: str | None, max_rows: int | None) -> Dataset:
    """Check a table's columns and rows; Trouble says which row and column break the contract."""
    if not is_dataset(f"{INCOMING}{name or file.stem}.parquet") or (name is None and file.suffix != ".parquet"):
        raise Trouble(f"{file} cannot be a dataset: it must be called <name>.parquet.")
    try:
        with open_table(str(file), most_rows=max_rows) as table:
            table.check_rows()
            return Dataset(file, name or file.stem, table.rows, _pages(table, file.parent))
    except (BadTable, OSError) as error:
        raise Trouble(str(error)) from error


def send(account: Account, dataset: Dataset, tell: Callable[[str | None], None]) -> str:
    """Upload what is not there yet, the table last, and return its version; `tell` hears of each image's problem."""
    bucket, s3 = account.parameter("storage/project-bucket"), account.client("s3")
    images = Images(open_artifacts(str(dataset.file.parent)))

    def send_page(name: str) -> str | None:
        try:
            body = images.fetched(name)
            _put(s3, bucket, f"{INCOMING}{dataset.name}/{name}", body)
            images.load(name, body)
        except (NoImage, OSError) as problem:
            return f"row {dataset.pages[name]}, image_path: {problem}"
        return None

    with account.asked(), ThreadPoolExecutor(UPLOADS_AT_ONCE) as threads:
        try:
            for problem in threads.map(send_page, dataset.pages):
                tell(problem)
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
        return _put_newest(s3, bucket, dataset)


def ask(account: Account, key: str, version: str | None, options: dict[str, Any]) -> Answer:
    """Let the submit function start the run, or let it go on."""
    request: dict[str, Any] = {"bucket": account.parameter("storage/project-bucket"), "key": key}
    request |= {"version_id": version} if version else {}
    request |= {"options": {name: value for name, value in options.items() if value is not None}}
    with account.asked():
        function = account.parameter("ocr/submit-function")
        answered = account.client("lambda").invoke(FunctionName=function, Payload=json.dumps(request))
        answer = json.loads(answered["Payload"].read())
    if "FunctionError" in answered:
        raise Trouble(f"The request was not taken: {answer.get('errorMessage', 'its function failed; see its log')}")
    try:
        found: Answer = contracts.check("ocr/submit_answer", answer)
    except ValueError as error:
        raise Trouble(f"The platform and this command are of different versions, update the older: {error}") from error
    return found


def key_in(url: str, bucket: str) -> str:
    """The dataset that an s3:// address names; Trouble where no run could read it."""
    parts = urlsplit(url)
    key = url.removeprefix(f"s3://{parts.netloc}/")
    if parts.netloc != bucket or not is_dataset(key):
        raise Trouble(f"{url} is not read: datasets are s3://{bucket}/{INCOMING}<name>.parquet, or files of yours.")
    return key


def _pages(table: Table, folder: Path) -> dict[str, int]:
    """The image files of rows whose image is neither in the table nor in S3, each with the first row that names it."""
    images, pages = Images(open_artifacts(str(folder))), dict[str, int]()
    for row in table.read(0):
        if name := _name(images, row):
            pages.setdefault(name, row.number)
    return pages


def _name(images: Images, row: Row) -> str | None:
    if row.image is not None or row.image_path.startswith("s3://"):
        return None
    try:
        return images.place(row.image_path)[1]
    except NoImage:
        return None  # the run keeps the row with this reason


def _put(s3: Any, bucket: str, key: str, body: bytes) -> None:
    """Write an object that is not there; Trouble if another is."""
    sha256, there = hashlib.sha256(body).hexdigest(), _head(s3, bucket, key)
    if there is None:
        s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*", Metadata={_SHA256: sha256})
    elif (there["Metadata"].get(_SHA256) or _sha256(s3, bucket, key)) != sha256:
        raise Trouble(f"s3://{bucket}/{key} is there already, with other bytes: give the dataset another --name.")


def _put_newest(s3: Any, bucket: str, dataset: Dataset) -> str:
    """The version that holds the table: the newest if it is the same, so that the same table is the same run."""
    with dataset.file.open("rb") as file:
        metadata = {**ASKED_FOR, **OWN_IMAGES, _SHA256: hashlib.file_digest(file, "sha256").hexdigest()}
    there = _head(s3, bucket, dataset.key)
    if there is None or there["Metadata"] != metadata:
        s3.upload_file(str(dataset.file), bucket, dataset.key, ExtraArgs={"Metadata": metadata})
        there = s3.head_object(Bucket=bucket, Key=dataset.key)
    return str(there["VersionId"])


def _sha256(s3: Any, bucket: str, key: str) -> str:
    return hashlib.sha256(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).hexdigest()


def _head(s3: Any, bucket: str, key: str) -> Any:
    try:
        return s3.head_object(Bucket=bucket, Key=key)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in _NOT_THERE:
            raise
        return None
