"""`loupe plate-runs`: archives of plates, measured again and again, and never touched."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import plate_following, plate_ledger, plate_views
from cli.account import account
from cli.options import AsJson, Environment
from cli.outputs import new_file
from cli.plate_archives import Archive, archive_of, archives, folder_archive, open_archive
from cli.plate_executions import Executions
from cli.plate_reports import Run, find, runs_of
from cli.plate_sheet import draw
from cli.tables import print_table
from cli.trouble import Trouble
from containers.plate_runs.models import MODELS, UnknownModel, check_models

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Archives of plates in, measurements out.",
)
Force = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the run until it is complete or has failed.")]
Shards = Annotated[int | None, typer.Option(min=1, help="Jobs that share the plates; else as the environment says.")]
Place = Annotated[str, typer.Argument(metavar="DATASET|FOLDER", help="A dataset's name, or a folder with one.")]
_INGESTED = ["dataset", "plates", "new", "url"]
_RUN = ["run", "dataset", "state", "models", "shards", "done", "refused", "failed", "undecodable", "reason"]
_COUNTS = ("plates", "runs", "unsealed", "unproven")


@app.command()
def ingest(
    folder: Annotated[Path, typer.Argument(help="A folder of JPEGs, or with a structured dataset.")],
    *,
    env: Environment = None,
    name: Annotated[str | None, typer.Option(help="The dataset's name; else the folder's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Archive a folder's pictures as plates, in the order of their names; the same again changes nothing.

    Example: loupe plate-runs ingest scans --name birds
    """
    if not folder.is_dir():
        raise Trouble(f"{folder} is no folder.")
    told = plate_following.ingested(archive_of(account(env), name or folder.resolve().name), folder)
    if as_json:
        typer.echo(json.dumps(told, indent=1))
        return
    print_table(_INGESTED, [told])
    if not told["new"]:
        typer.echo("Nothing has changed: all of them were archived before.")


@app.command()
def start(
    dataset: Annotated[str | None, typer.Argument(help="Its name; else the only one there is.")] = None,
    *,
    env: Environment = None,
    models: Annotated[str | None, typer.Option(metavar="A,B", help=f"Of {', '.join(MODELS)}; else all.")] = None,
    shards: Shards = None,
    wait: Wait = False,
    as_json: AsJson = False,
) -> None:
    """Begin a run over all plates of a dataset.

    Example: loupe plate-runs start birds --shards 3 --wait
    """
    where = account(env)
    archive = archive_of(where, dataset) if dataset else _only(archives(where))
    asked = {"models": _names(models), "shards": shards}
    _begin(Executions(where), archive, asked, wait=wait, as_json=as_json)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or a dataset's name: its last run.")],
    *,
    env: Environment = None,
    shards: Shards = None,
    wait: Wait = False,
    as_json: AsJson = False,
) -> None:
    """Let a run that stopped go on where it was; plates that are sealed are not measured again.

    Example: loupe plate-runs resume run-20260104-043258-877a06a6 --wait
    """
    where = account(env)
    archive, found = find(run, archives(where))
    asked = {"run_id": found.run, "shards": shards}
    _begin(Executions(where), archive, asked, wait=wait, as_json=as_json)


@app.command()
def status(
    name: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="A run's id, a dataset's name or a folder with one; else all.")
    ] = None,
    *,
    env: Environment = None,
    as_json: AsJson = False,
) -> None:
    """Show how runs stand, and why some have failed.

    Example: loupe plate-runs status birds
    """
    folder = folder_archive(name) if name else None
    found = runs_of(folder) if folder else Executions(account(env)).runs()
    if name and not folder:
        found = [run for run in found if name in {run.run, run.dataset, run.execution}]
        if not found:
            raise Trouble(f"There is no run of {name!r}: see `loupe plate-runs status`.")
    _show(found, as_json=as_json)
    raise typer.Exit(int(bool(name) and any(run.state == "FAILED" for run in found)))


@app.command()
def verify(place: Place, *, env: Environment = None, as_json: AsJson = False) -> None:
    """Read everything in a dataset and say what is not as it was written; exit code 1 if anything is.

    Example: loupe plate-runs verify birds
    """
    findings, verification = plate_following.verified(open_archive(place, env))
    listed = [asdict(finding) for finding in findings]
    counts = {name: getattr(verification, name) for name in _COUNTS}
    if as_json:
        typer.echo(json.dumps({**counts, "findings": listed}, indent=1))
    else:
        print_table(["name", "reason"], listed)
        print_table([*_COUNTS, "findings"], [{**counts, "findings": len(listed)}])
    raise typer.Exit(int(bool(listed)))


@app.command()
def ledger(
    place: Place,
    *,
    env: Environment = None,
    of: Annotated[str, typer.Option(help=" or ".join(plate_ledger.LEDGERS))] = "runs",
    limit: Annotated[int, typer.Option(min=0, help="How many rows to show.")] = 20,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Save it here as it is, a Parquet file.")] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Show what a dataset's ledger says, or save it.

    Example: loupe plate-runs ledger birds --of plates --out plates.parquet
    """
    if of not in plate_ledger.LEDGERS:
        raise Trouble(f"There is no ledger of {of!r}: choose {' or '.join(plate_ledger.LEDGERS)}.")
    archive = open_archive(place, env)
    if out is not None:
        plate_ledger.save(archive, of, out, force=force)
        typer.echo(f"The ledger of {of} is in {out}")
        return
    rows = plate_ledger.rows(archive, of, limit)
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False, default=datetime.isoformat))
    else:
        print_table(plate_ledger.SHOWN[of], plate_ledger.printed(rows))


@app.command()
def show(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's id; or a dataset's name or a folder with one: its last run.")
    ],
    *,
    env: Environment = None,
    dataset: Annotated[
        str | None, typer.Option(metavar="DATASET|FOLDER", help="Where the run is; else wherever it is found.")
    ] = None,
    plate: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this plate; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many plates to draw.")] = 24,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The PNG to write; else <run>.png.")] = None,
    force: Force = False,
) -> None:
    """Draw what a run measured: each plate beside its mask, histograms and numbers.

    Example: loupe plate-runs show birds --limit 12 --out birds.png
    """
    place = dataset or (run if folder_archive(run) else None)
    among = [open_archive(place, env)] if place else archives(account(env))
    archive, found = find(run, among)
    drawn = draw(f"{archive.name}  {found.run}", found.summary(), plate_views.chosen(archive, found.run, plate, limit))
    target = out or Path(f"{found.run}.png")
    with new_file(target, force=force) as file:
        drawn.save(file, "PNG")
    typer.echo(str(target))


def _only(found: list[Archive]) -> Archive:
    """The dataset that a person means who names none."""
    if not found:
        raise Trouble("There is no dataset yet: archive one with `loupe plate-runs ingest FOLDER`.")
    if len(found) > 1:
        raise Trouble(f"There are several datasets, name one: {', '.join(archive.name for archive in found)}.")
    return found[0]


def _names(models: str | None) -> list[str] | None:
    """Models with commas between; Trouble for those that there are not."""
    if models is None:
        return None
    names = [name.strip() for name in models.split(",") if name.strip()]
    try:
        check_models(names)
    except UnknownModel as error:
        raise Trouble(str(error)) from error
    return names


def _begin(executions: Executions, archive: Archive, asked: dict[str, Any], *, wait: bool, as_json: bool) -> None:
    """Start an execution, and tell of its run as soon as it has an id, or once it has ended."""
    archive.plates()
    arn = executions.start(dataset=archive.name, **asked)
    follow = plate_following.followed if wait else plate_following.claimed
    run = follow(executions, archive, arn)
    _show([run], as_json=as_json)
    raise typer.Exit(int(run.state == "FAILED"))


def _show(runs: list[Run], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([run.told() for run in runs], indent=1))
        return
    print_table(_RUN, [{**run.told(), "models": ", ".join(run.models)} for run in runs])
