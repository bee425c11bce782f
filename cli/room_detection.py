"""`loupe room-detection`: blueprints in, rooms out, here in process or through the platform."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli import blueprints, detection, submission
from cli.blueprints import Job
from cli.connection import connect
from cli.options import AsJson, Environment
from cli.tables import print_jobs, print_table
from cli.trouble import Trouble, each, say
from cli.words import KEY, host
from lambdas.room_detection.formats import FORMATS

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, help="Blueprints in, rooms out."
)
Files = Annotated[list[Path], typer.Argument(help="PNG, JPEG, TIFF, WebP or PDF.", metavar="FILE...")]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
JobIds = Annotated[list[str], typer.Argument(metavar="JOB...")]


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
    sent = submission.sent(connection, files, console)
    if wait:
        sent = submission.followed(connection, sent, seconds=timeout, console=console)
    _show(sent, as_json=as_json)
    unwell = {"REFUSED", "FAILED"} | ({"UPLOADING", "QUEUED", "RUNNING"} if wait else set())
    raise typer.Exit(int(any(job["state"] in unwell for job in sent)))


@app.command()
def status(job_ids: JobIds, *, env: Environment = None, as_json: AsJson = False) -> None:
    """Show how jobs stand.

    Example: loupe room-detection status 0123456789abcdef0123456789abcdef
    """
    connection = connect(env)
    found = each(lambda job_id: blueprints.job(connection, job_id), job_ids)
    _show(found, as_json=as_json)
    raise typer.Exit(int(len(found) < len(job_ids)))


@app.command("list")
def list_jobs(
    *,
    env: Environment = None,
    owner: Annotated[str, typer.Option(help="me, or account for files that were copied to the bucket.")] = "me",
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first.

    Example: loupe room-detection list --owner account --limit 50
    """
    limit = sys.maxsize if everything else limit
    _show(list(blueprints.jobs(connect(env), owner=owner, limit=limit)), as_json=as_json)


@app.command()
def download(
    job_ids: JobIds,
    *,
    env: Environment = None,
    form: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))] = "json",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the rooms of jobs.

    Example: loupe room-detection download 0123456789abcdef0123456789abcdef --format geojson --out rooms
    """
    if form not in FORMATS:
        raise Trouble(f"There is no format {form!r}: choose one of {', '.join(FORMATS)}.")
    connection = connect(env)
    written = each(lambda job_id: blueprints.download(connection, job_id, form, out, force=force), job_ids)
    files = [str(file) for file in written]
    typer.echo(json.dumps(files, indent=1) if as_json else "\n".join(files), nl=as_json or bool(files))
    raise typer.Exit(int(len(files) < len(job_ids)))


@app.command()
def detect(
    paths: Annotated[list[Path], typer.Argument(help="Blueprints, or folders of them.", metavar="FILE|DIR...")],
    *,
    out: Annotated[Path, typer.Option(help="The folder to write one JSON per blueprint to.")],
    overlay: Annotated[bool, typer.Option("--overlay", help="Draw the rooms over each page as PNG too.")] = False,
    ocr: Annotated[
        str | None,
        typer.Option(metavar="URL", help=f"A document OCR service that reads the rooms' names; its key is in {KEY}."),
    ] = None,
    dpi: Annotated[int, typer.Option(min=36, max=1200, help="Resolution at which PDF pages are drawn.")] = 200,
    processes: Annotated[int, typer.Option("--jobs", min=0, help="Processes; 0: as cores and memory bear.")] = 0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Find rooms here, in process, without any service but the one that --ocr names.

    Example: loupe room-detection detect plans --out rooms --overlay
    """
    files = detection.blueprints_in(paths)
    if ocr is not None:
        host(ocr)
    console = Console(stderr=True)
    with console.status(f"Finding rooms in {len(files)} blueprints") as progress:
        found = []
        for done in detection.detect_all(
            files, out=out, overlay=overlay, ocr=ocr, dpi=dpi, processes=processes, force=force
        ):
            found.append(done)
            progress.update(f"Finding rooms: {len(found)} of {len(files)} blueprints")
    found.sort(key=lambda done: files.index(Path(done["file"])))
    for done in found:
        if "warning" in done:
            say(f"{done['file']}: {done['warning']}")
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        print_table(["file", "pages", "rooms", "named", "ms", "reason"], found)
    raise typer.Exit(int(any("reason" in done for done in found)))


def _show(jobs: list[Job], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(jobs, indent=1))
    else:
        print_jobs(jobs)
