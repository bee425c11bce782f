"""Blueprints as a client of the API: upload one, follow its job, fetch its rooms."""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import requests

from cli.connection import Connection, as_it_is
from cli.form import Form
from cli.outputs import folder, new_file
from cli.trouble import Trouble
from config import RoomDetectionConfig
from lambdas.room_detection.blueprints import content_type, refusal
from lambdas.room_detection.formats import FORMATS
from loupe import contracts

Job = dict[str, Any]
ENDED = frozenset({"SUCCEEDED", "FAILED"})
CHUNK_BYTES = 1 << 20
_TIMEOUT = (5, 300)


def upload(connection: Connection, path: Path, tell: Callable[[int], None] = lambda _: None) -> Job:
    """Ask for a form and post the file to it; `tell` hears of the bytes as they go."""
    try:
        with path.open("rb") as file:
            return _upload(connection, path, file, tell)
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {error.strerror}.") from error


def job(connection: Connection, job_id: str) -> Job:
    return _message("room_detection/job", connection.call("GET", f"/blueprints/{quote(job_id, safe='')}"))


def jobs(connection: Connection, *, owner: str, limit: int) -> Iterator[Job]:
    """The caller's jobs, newest first, page by page."""
    query = {"owner": owner, "limit": str(min(limit, 100))}
    while limit > 0:
        page = _message("room_detection/job_list", connection.call("GET", "/blueprints", query=query))
        found = page["jobs"][:limit]
        yield from found
        limit -= len(found)
        if "next" not in page:
            return
        query["next"] = page["next"]


def wait(connection: Connection, job_ids: list[str], *, seconds: float, tell: Callable[[Job], None]) -> list[Job]:
    """The jobs once all have ended; those that have not in time are returned as they stand."""
    found: dict[str, Job] = {}
    deadline, pause = time.monotonic() + seconds, 0.1
    while True:
        for job_id in job_ids:
            if found.get(job_id, {}).get("state") not in ENDED:
                before, found[job_id] = found.get(job_id), job(connection, job_id)
                if found[job_id]["state"] != (before or {}).get("state"):
                    tell(found[job_id])
        if all(found[job_id]["state"] in ENDED for job_id in job_ids) or time.monotonic() > deadline:
            return [found[job_id] for job_id in job_ids]
        time.sleep(pause)
        pause = min(pause * 1.3, 3.0)


def download(connection: Connection, job_id: str, form: str, out: Path, *, force: bool) -> Path:
    """Write the rooms as `<out>/<plan>.<job>.<ending>`; an existing file is left alone unless forced."""
    found = job(connection, job_id)
    if "results" not in found:
        raise Trouble(f"Job {job_id} has no rooms, it is {found['state']}: {found.get('reason', 'not ended yet')}")
    target = folder(out) / safe_name(found["file_name"], job_id, FORMATS[form][0])
    with new_file(target, force=force) as file:
        _fetch(found["results"][form], file)
    return target


def safe_name(file_name: str, job_id: str, result: str) -> str:
    """A name for a file of ours after one of theirs, which is untrusted: no folders, no dots in front, no control."""
    stem = "".join(c if c.isalnum() or c in " -_()" else "_" for c in file_name.rpartition(".")[0] or file_name)
    return f"{stem.strip()[:80] or 'blueprint'}.{job_id[:8]}.{result}"


def _upload(connection: Connection, path: Path, file: BinaryIO, tell: Callable[[int], None]) -> Job:
    size = os.fstat(file.fileno()).st_size
    if reason := refusal(path.name, size, limit_mib=RoomDetectionConfig().max_upload_mib):
        raise Trouble(f"{path}: {reason}")
    request = {"file_name": path.name, "content_type": content_type(path.name), "size": size}
    try:
        contracts.check("room_detection/upload_request", request)
    except contracts.ContractError as error:
        raise Trouble(f"{path} has a name that is not taken (backslashes, control characters): rename it.") from error
    form = _message("room_detection/upload", connection.call("POST", "/blueprints", request))
    _post(form["url"], Form(form["fields"], file, size, tell))
    return {"job_id": form["job_id"], "state": "UPLOADING", "file_name": path.name}


def _message(contract: str, response: requests.Response) -> dict[str, Any]:
    try:
        message: dict[str, Any] = contracts.check(contract, response.json())
    except ValueError as error:
        raise Trouble(f"The API and this command are of different versions, update the older: {error}") from error
    return message


def _post(url: str, form: Form) -> None:
    headers = {"content-type": form.content_type}
    try:
        posted = requests.post(url, data=form, headers=headers, timeout=_TIMEOUT, auth=as_it_is)
    except requests.RequestException as error:
        raise Trouble(f"The upload did not arrive: {error}") from error
    if not posted.ok:
        raise Trouble(f"S3 refused the upload: {_said(posted)}")


def _fetch(link: str, file: BinaryIO) -> None:
    try:
        with requests.get(link, stream=True, timeout=_TIMEOUT, auth=as_it_is) as found:
            if not found.ok:
                raise Trouble(f"S3 refused the download: {_said(found)}")
            file.writelines(found.iter_content(CHUNK_BYTES))
    except requests.RequestException as error:
        raise Trouble(f"The rooms did not arrive: {error}") from error


def _said(response: requests.Response) -> str:
    """S3's own sentence out of its XML."""
    message = re.search(r"<Message>(.*?)</Message>", response.text, re.DOTALL)
    return f"{message[1] if message else response.text[:300] or response.reason} (HTTP {response.status_code})"
