"""`make demo [PLAN=file]`: the synthesized stacks on this laptop; blueprints in, rooms printed and drawn.

It has an engine of its own, beside one that may be running, and stops what it started.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli import blueprints, detection
from cli.connection import Connection
from cli.local import FAILURES
from cli.room_detection import printable
from cli.trouble import Trouble
from containers.room_detection.limits import Limits
from lambdas.room_detection.blueprints import CONTENT_TYPES
from local.laptop import Laptop
from local.synthesis import synthesize

ROOT = Path(__file__).parents[1]
EXAMPLES, HOME = ROOT / "examples", ROOT / ".loupe"
PICTURES = Path(os.environ.get("LOUPE_DEMO", ROOT / "demo"))
ANSWER_SECONDS = 300
_CONSOLE = Console()


class Phases:
    """How long each part took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        with _CONSOLE.status(name):
            yield
        self.seconds[name] = time.perf_counter() - begun
        _CONSOLE.print(f"{name:<34} {self.seconds[name]:5.1f} s", highlight=False)


def demo(files: list[Path]) -> None:
    """Deploy, upload, wait, print, draw, stop."""
    if missing := [str(file) for file in files if not file.is_file()]:
        raise Trouble(f"There is no file {', '.join(missing)}.")
    phases = Phases()
    HOME.mkdir(exist_ok=True)
    with phases.phase("Synthesize the stacks"):
        assembly = synthesize(HOME)
    with tempfile.TemporaryDirectory(prefix="loupe-demo-") as home:
        laptop = Laptop(Path(home))
        try:
            with phases.phase("Start the engine and deploy"):
                laptop.up(assembly)
            found = _through_the_platform(laptop, files, phases)
            denials = laptop.status().last_denials
        finally:
            laptop.down()
    _CONSOLE.print(f"{'Together':<34} {sum(phases.seconds.values()):5.1f} s", highlight=False)
    _judge(found, [denial["message"] for denial in denials])


def _through_the_platform(laptop: Laptop, files: list[Path], phases: Phases) -> list[blueprints.Job]:
    parameter = laptop.client("ssm").get_parameter(Name="/loupe/laptop/api/url")["Parameter"]["Value"]
    connection = Connection("laptop", laptop.reachable(parameter), laptop.session())
    with phases.phase(f"Upload {len(files)} and wait for rooms"):
        sent = [blueprints.upload(connection, file)["job_id"] for file in files]
        jobs = blueprints.wait(connection, sent, seconds=ANSWER_SECONDS, tell=lambda _: None)
    rooms = Table("plan", "room", "x_min, y_min, x_max, y_max", "share", "confidence", box=None, title="Rooms")
    with phases.phase("Fetch and draw the rooms"):
        for file, job in zip(files, jobs, strict=True):
            _draw(connection, file, job, rooms)
    _CONSOLE.print(_summary(files, jobs), rooms)
    return jobs


def _draw(connection: Connection, file: Path, job: blueprints.Job, table: Table) -> None:
    if job["state"] != "SUCCEEDED":
        return
    answer = json.loads(connection.call("GET", f"/blueprints/{job['job_id']}/rooms").content)
    PICTURES.mkdir(exist_ok=True)
    detection.draw_pages(file, answer, PICTURES / file.stem, Limits())
    for room in answer["rooms"]:
        box = ", ".join(map(str, room["bounding_box"]))
        table.add_row(file.name, room["id"], box, f"{room['area_share']:.0%}", f"{room['confidence']:.2f}")


def _summary(files: list[Path], jobs: list[blueprints.Job]) -> Table:
    table = Table("blueprint", "job", "state", "rooms", "reason", box=None, title="Jobs")
    for file, job in zip(files, jobs, strict=True):
        told = (file.name, job["job_id"][:8], job["state"], job.get("rooms", ""), job.get("reason", ""))
        table.add_row(*map(printable, told))
    return table


def _judge(jobs: list[blueprints.Job], denials: list[str]) -> None:
    if denials:
        raise Trouble("A permission is missing: " + "; ".join(denials))
    bad = [f"{job['file_name']}: {job.get('reason', job['state'])}" for job in jobs if job["state"] != "SUCCEEDED"]
    if bad:
        raise Trouble("No rooms for " + "; ".join(bad))
    _CONSOLE.print(f"\nThe rooms are drawn over their plans in {PICTURES}/*.overlay.png", highlight=False)


def main() -> None:
    given = [Path(word) for word in sys.argv[1:]]
    files = given or sorted(path for path in EXAMPLES.iterdir() if path.suffix in CONTENT_TYPES)
    try:
        demo(files)
    except (Trouble, *FAILURES) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
