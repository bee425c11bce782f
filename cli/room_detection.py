"""`loupe room-detection`: blueprints in, rooms out, here in process or through the platform."""

import json
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli import blueprints, detection
from cli.blueprints import ENDED, Job
from cli.connection import connect
from cli.trouble import Trouble
from lambdas.room_detection.formats import FORMATS

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, help="Blueprints in, rooms out."
)
Environment = Annotated[
    str | None, typer.Option("--env", envvar="LOUPE_ENV", help="laptop, dev, staging or prod; else the running laptop.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for machines.")]
Files = Annotated[list[Path], typer.Argument(help="PNG, JPEG, TIFF, WebP or PDF.", metavar="FILE...")]
JobIds = Annotated[list[str], typer.Argument(metavar="JOB...")]
_UPLOADS_AT_ONCE = 4


@app.command()
def submit(
    files: Files,
    *,
    env: Environment = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until every job has ended.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 900,
    as_json: AsJson = False,
) -> None:
    """Upload blueprints; each becomes a job.

    Example: loupe room-detection submit plans/*.png --wait
    """
    connection, console = connect(env), Console(stderr=True)

    def send(path: Path) -> Job:
        try:
            return blueprints.upload(connection, path)
        except Trouble as trouble:
            return {"file_name": path.name, "state": "REFUSED", "reason": str(trouble)}

    with console.status(f"Uploading {len(files)} blueprints"), ThreadPoolExecutor(_UPLOADS_AT_ONCE) as uploads:
        sent = list(uploads.map(send, files))
    if wait:
        sent = _followed(sent, env=env, timeout=timeout, console=console)
    _show(sent, as_json=as_json)
    unwell = {"REFUSED", "FAILED"} | ({"UPLOADING", "QUEUED", "RUNNING"} if wait else set())
    raise typer.Exit(int(any(job["state"] in unwell for job in sent)))


@app.command()
def status(job_ids: JobIds, *, env: Environment = None, as_json: AsJson = False) -> None:
    """Show how jobs stand.

    Example: loupe room-detection status 0123456789abcdef0123456789abcdef
    """
    connection = connect(env)
    _show([blueprints.job(connection, job_id) for job_id in job_ids], as_json=as_json)


@app.command("list")
def list_jobs(
    *,
    env: Environment = None,
    owner: Annotated[str, typer.Option(help="me, or account for files that were copied to the bucket.")] = "me",
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first.

    Example: loupe room-detection list --owner account --limit 50
    """
    _show(blueprints.jobs(connect(env), owner=owner, limit=limit), as_json=as_json)


@app.command()
def download(
    job_ids: JobIds,
    *,
    env: Environment = None,
    form: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))] = "json",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Fetch the rooms of jobs.

    Example: loupe room-detection download 0123456789abcdef0123456789abcdef --format geojson --out rooms
    """
    if form not in FORMATS:
        raise Trouble(f"There is no format {form!r}: choose one of {', '.join(FORMATS)}.")
    connection = connect(env)
    for job_id in job_ids:
        typer.echo(blueprints.download(connection, job_id, form, out, force=force))


@app.command()
def detect(
    paths: Annotated[list[Path], typer.Argument(help="Blueprints, or folders of them.", metavar="FILE|DIR...")],
    *,
    out: Annotated[Path, typer.Option(help="The folder to write one JSON per blueprint to.")],
    overlay: Annotated[bool, typer.Option("--overlay", help="Draw the rooms over each page as PNG too.")] = False,
    dpi: Annotated[int, typer.Option(min=36, max=1200, help="Resolution at which PDF pages are drawn.")] = 200,
    processes: Annotated[int, typer.Option("--jobs", min=0, help="Processes at once; 0 means one per core.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Find rooms here, in process, without any service.

    Example: loupe room-detection detect plans --out rooms --overlay
    """
    files = detection.blueprints_in(paths)
    console = Console(stderr=True)
    with console.status(f"Finding rooms in {len(files)} blueprints") as progress:
        found = []
        for done in detection.detect_all(files, out=out, overlay=overlay, dpi=dpi, processes=processes):
            found.append(done)
            progress.update(f"Finding rooms: {len(found)} of {len(files)} blueprints")
    found.sort(key=lambda done: files.index(Path(done["file"])))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _print(["file", "pages", "rooms", "ms", "reason"], found)
    raise typer.Exit(int(any("reason" in done for done in found)))


def _followed(sent: list[Job], *, env: str | None, timeout: float, console: Console) -> list[Job]:
    waiting = [job["job_id"] for job in sent if "job_id" in job]
    ended: set[str] = set()

    def tell(job: Job) -> None:
        if job["state"] in ENDED:
            ended.add(job["job_id"])
        progress.update(f"{len(ended)} of {len(waiting)} jobs have ended")

    with console.status(f"Waiting for {len(waiting)} jobs") as progress:
        found = {job["job_id"]: job for job in blueprints.wait(connect(env), waiting, seconds=timeout, tell=tell)}
    return [found.get(job.get("job_id", ""), job) for job in sent]


def _show(jobs: Iterable[Job], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(list(jobs), ensure_ascii=False, indent=1))
    else:
        _print(["job_id", "state", "file_name", "rooms", "created_at", "reason"], jobs)


def _print(columns: list[str], rows: Iterable[dict[str, Any]]) -> None:
    found = list(rows)
    shown = [name for name in columns if any(name in row for row in found)]
    table = Table(*shown, box=None, pad_edge=False)
    for row in found:
        table.add_row(*(printable(row.get(name, "")) for name in shown))
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)


def printable(value: Any) -> str:
    """Text for a terminal; names and reasons come from strangers, so no control codes and no markup."""
    return escape("".join(c if c.isprintable() else "�" for c in str(value)))
