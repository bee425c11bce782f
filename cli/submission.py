"""Several blueprints on their way: uploaded side by side in the order given, followed until their jobs have ended."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from cli import blueprints
from cli.blueprints import ENDED, Job
from cli.connection import Connection
from cli.tables import printable
from cli.trouble import Trouble

UPLOADS_AT_ONCE = 4


def sent(connection: Connection, files: list[Path], console: Console) -> list[Job]:
    """A job per file, or why there is none; each job is said at once, for it goes on whatever happens here."""
    total, gone = sum(path.stat().st_size for path in files if path.is_file()), 0

    def tell(count: int) -> None:
        nonlocal gone
        gone += count
        progress.update(f"Uploading {len(files)} blueprints: {gone / 2**20:.0f} of {total / 2**20:.0f} MiB")

    def send(path: Path) -> Job:
        try:
            job = blueprints.upload(connection, path, tell)
        except Trouble as trouble:
            return {"file_name": path.name, "state": "REFUSED", "reason": str(trouble)}
        console.print(f"{printable(path)}: job {job['job_id']}", highlight=False, soft_wrap=True)
        return job

    with console.status(f"Uploading {len(files)} blueprints") as progress:
        uploads = ThreadPoolExecutor(UPLOADS_AT_ONCE)
        try:
            return list(uploads.map(send, files))
        finally:
            uploads.shutdown(cancel_futures=True)


def followed(connection: Connection, jobs: list[Job], *, seconds: float, console: Console) -> list[Job]:
    """The jobs as they ended, or as they stand when the time is over."""
    waiting = [job["job_id"] for job in jobs if "job_id" in job]
    ended: set[str] = set()

    def tell(job: Job) -> None:
        if job["state"] in ENDED:
            ended.add(job["job_id"])
        progress.update(f"{len(ended)} of {len(waiting)} jobs have ended")

    with console.status(f"Waiting for {len(waiting)} jobs") as progress:
        found = {job["job_id"]: job for job in blueprints.wait(connection, waiting, seconds=seconds, tell=tell)}
    if late := len(waiting) - len(ended):
        console.print(f"After {seconds:g} s {late} jobs have not ended; they go on: see `status JOB`.", style="red")
    return [found.get(job.get("job_id", ""), job) for job in jobs]
