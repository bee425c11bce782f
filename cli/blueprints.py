"""Blueprints as a client of the API: upload one, follow its job, fetch its rooms."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import requests

from cli.connection import Connection
from cli.trouble import Trouble
from config import RoomDetectionConfig
from lambdas.room_detection.blueprints import content_type, refusal
from lambdas.room_detection.formats import FORMATS
from loupe import contracts

Job = dict[str, Any]
ENDED = frozenset({"SUCCEEDED", "FAILED"})


def upload(connection: Connection, path: Path) -> Job:
    """Ask for a form and post the file to it."""
    size = _size(path)
    if reason := refusal(path.name, size, limit_mib=RoomDetectionConfig().max_upload_mib):
        raise Trouble(f"{path}: {reason}")
    request = {"file_name": path.name, "content_type": content_type(path.name), "size": size}
    contracts.check("room_detection/upload_request", request)
    form = contracts.check("room_detection/upload", connection.call("POST", "/blueprints", request).json())
    with path.open("rb") as file:
        _post(form, file)
    return {"job_id": form["job_id"], "state": "UPLOADING", "file_name": path.name}


def job(connection: Connection, job_id: str) -> Job:
    return cast("Job", contracts.check("room_detection/job", connection.call("GET", f"/blueprints/{job_id}").json()))


def jobs(connection: Connection, *, owner: str, limit: int) -> Iterator[Job]:
    """The caller's jobs, newest first, page by page."""
    query = {"owner": owner, "limit": str(min(limit, 100))}
    while limit > 0:
        page = connection.call("GET", "/blueprints", query=query).json()
        found = contracts.check("room_detection/job_list", page)["jobs"][:limit]
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


def download(connection: Connection, job_id: str, form: str, folder: Path, *, force: bool) -> Path:
    """Write the rooms as `<folder>/<plan>.<job>.<ending>`; an existing file is left alone unless forced."""
    target = folder / safe_name(job(connection, job_id)["file_name"], job_id, FORMATS[form][0])
    if target.exists() and not force:
        raise Trouble(f"{target} exists: choose another --out, or replace it with --force.")
    text = connection.call("GET", f"/blueprints/{job_id}/rooms", query={"format": form}).content
    folder.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text)
    return target


def safe_name(file_name: str, job_id: str, result: str) -> str:
    """A name for a file of ours after one of theirs, which is untrusted: no folders, no dots in front, no control."""
    stem = "".join(c if c.isalnum() or c in " -_()" else "_" for c in file_name.rpartition(".")[0] or file_name)
    return f"{stem.strip()[:80] or 'blueprint'}.{job_id[:8]}.{result}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {error.strerror}.") from error


def _post(form: dict[str, Any], file: BinaryIO) -> None:
    try:
        posted = requests.post(form["url"], data=form["fields"], files={"file": file}, timeout=(5, 300))
    except requests.RequestException as error:
        raise Trouble(f"The upload did not arrive: {error}") from error
    if not posted.ok:
        raise Trouble(f"S3 refused the upload (HTTP {posted.status_code}): {posted.text[:300]}")
