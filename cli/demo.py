"""`make demo [PLAN=file]`: the synthesized stacks on this laptop; blueprints in, rooms printed and drawn."""

import json
import time
from pathlib import Path

from rich.table import Table

from cli import blueprints, detection
from cli.account import laptop_account
from cli.connection import Connection, connection_to
from cli.demonstration import CONSOLE, EXAMPLES, PICTURES, Phases, deployed, show
from cli.tables import printable
from cli.trouble import Trouble
from config import LAPTOP
from containers.room_detection.limits import Limits
from lambdas.room_detection.blueprints import CONTENT_TYPES, refusal
from local.laptop import Laptop

ANSWER_SECONDS = 300


def demo(given: list[Path]) -> None:
    """Deploy, upload, wait, print, draw, stop."""
    files = given or sorted(path for path in EXAMPLES.iterdir() if path.suffix in CONTENT_TYPES)
    if missing := [str(file) for file in files if not file.is_file()]:
        raise Trouble(f"There is no file {', '.join(missing)}.")
    limit = LAPTOP.room_detection.max_upload_mib
    if refused := [
        f"{file.name}: {why}" for file in files if (why := refusal(file.name, file.stat().st_size, limit_mib=limit))
    ]:
        raise Trouble(" ".join(refused))
    phases = Phases()
    with deployed(phases) as laptop:
        found = _through_the_platform(laptop, files, phases)
    _judge(found)


def _through_the_platform(laptop: Laptop, files: list[Path], phases: Phases) -> list[blueprints.Job]:
    connection = connection_to(laptop_account(laptop))
    with phases.phase(f"Upload {len(files)} and wait for rooms"):
        jobs = blueprints.wait(
            connection, _sent(laptop, connection, files), seconds=ANSWER_SECONDS, tell=lambda _: None
        )
    rooms = Table("plan", "room", "x_min, y_min, x_max, y_max", "share", "confidence", box=None, title="Rooms")
    with phases.phase("Fetch and draw the rooms"):
        for file, job in zip(files, jobs, strict=True):
            _draw(connection, file, job, rooms)
    CONSOLE.print(_summary(files, jobs), rooms)
    return jobs


def _sent(laptop: Laptop, connection: Connection, files: list[Path]) -> list[str]:
    """Job ids; of several files the last is copied to the bucket, as `aws s3 cp` does, and finds its job itself."""
    *asked, copied = files
    if not asked:
        return [blueprints.upload(connection, copied)["job_id"]]
    bucket = laptop.client("ssm").get_parameter(Name="/loupe/laptop/storage/blueprints-bucket")["Parameter"]["Value"]
    laptop.client("s3").upload_file(str(copied), bucket, f"blueprints/{copied.name}")
    return [*(blueprints.upload(connection, file)["job_id"] for file in asked), _job_of_copy(connection)]


def _job_of_copy(connection: Connection) -> str:
    """The engine is new, so the account's only job is that of the file that was copied."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        for job in blueprints.jobs(connection, owner="account", limit=1):
            return str(job["job_id"])
        time.sleep(0.2)
    raise Trouble("The file that was copied to the bucket has not become a job.")


def _draw(connection: Connection, file: Path, job: blueprints.Job, table: Table) -> None:
    if job["state"] != "SUCCEEDED":
        return
    answer = json.loads(connection.call("GET", f"/blueprints/{job['job_id']}/rooms").content)
    PICTURES.mkdir(exist_ok=True)
    detection.draw_pages(file, answer, PICTURES / file.stem, Limits(), force=True)
    for room in answer["rooms"]:
        box = ", ".join(map(str, room["bounding_box"]))
        table.add_row(file.name, room["id"], box, f"{room['area_share']:.0%}", f"{room['confidence']:.2f}")


def _summary(files: list[Path], jobs: list[blueprints.Job]) -> Table:
    table = Table("blueprint", "job", "state", "rooms", "reason", box=None, title="Jobs")
    for file, job in zip(files, jobs, strict=True):
        told = (file.name, job["job_id"][:8], job["state"], job.get("rooms", ""), job.get("reason", ""))
        table.add_row(*map(printable, told))
    return table


def _judge(jobs: list[blueprints.Job]) -> None:
    bad = [f"{job['file_name']}: {job.get('reason', job['state'])}" for job in jobs if job["state"] != "SUCCEEDED"]
    if bad:
        raise Trouble("No rooms for " + "; ".join(bad))
    CONSOLE.print(f"\nThe rooms are drawn over their plans in {PICTURES}/*.overlay.png", highlight=False)


if __name__ == "__main__":
    show(demo)
