"""`loupe archive`: everything the project owns, compared, brought in, cleared and brought back."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import archive_arrivals, archive_manifest, archive_metrics, archive_restores, archive_verification
from cli.archive_deletions import Cleared, Clearing
from cli.archive_project import project, root_of
from cli.options import AsJson, Environment
from cli.tables import print_table, printable
from cli.trouble import Trouble
from lambdas.archive.imports import Came

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Everything the project owns, and whether it is still there.",
)
app.command()(archive_metrics.metrics)
app.command("tree")(archive_metrics.show_tree)
SHOWN = 100  # rows of what may be very many; --json has all
NOT_YET = 75  # exit code of what will be done when asked again later
Place = Annotated[
    str | None, typer.Argument(metavar="[PLACE]", help="A folder, or s3://bucket/folder; else the project bucket.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
ReadAll = Annotated[bool, typer.Option("--read-all", help="Read every object, whatever S3 says of its checksum.")]
_PLACE = ["name", "objects", "bytes", "found", "found_bytes", "digest", "findings"]


@app.command()
def verify(
    place: Place = None,
    *,
    env: Environment = None,
    inventory: Annotated[
        str | None, typer.Option(metavar="s3://…/manifest.json", help="List from an S3 inventory of all versions, CSV.")
    ] = None,
    read_all: ReadAll = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever was looked at before a kill.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare everything with the manifest and say what is not as it was written; exit code 1 if anything is.

    Example: loupe archive verify --env prod
    """
    found = archive_verification.verified(root_of(place, env), inventory=inventory, read_all=read_all, fresh=fresh)
    if as_json:
        typer.echo(json.dumps(found.told(), indent=1, ensure_ascii=False))
        raise typer.Exit(int(bool(found.findings)))
    print_table(_PLACE, map(_flat, found.places))
    _print_some(["kind", "key", "reason"], [finding.told() for finding in found.findings])
    rests_on = ", ".join(f"{count} by {what}" for what, count in sorted(found.step.rests_on.items())) or "none"
    typer.echo(f"{len(found.findings)} findings against {found.manifest.id}; objects proven: {rests_on}")
    raise typer.Exit(int(bool(found.findings)))


@app.command()
def manifest(
    place: Place = None,
    *,
    env: Environment = None,
    read_all: ReadAll = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Forget what was lost of what stays for ever by the tree's contract.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Write down what the archive holds now; only what has changed since the last manifest is read.

    Example: loupe archive manifest --env prod
    """
    renewed = archive_manifest.renewed(root_of(place, env), read_all=read_all, accept=accept, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps(renewed.told(), indent=1, ensure_ascii=False))
    else:
        print_table(["new", "changed", "gone", "same", "read"], [{**renewed.changes, "read": renewed.read}])
        _print_some(["change", "key"], [{"change": one.change, "key": one.key} for one in renewed.lost])
    if renewed.lost and not accept:
        raise Trouble(
            f"{len(renewed.lost)} objects that stay as they are by the tree's contract have changed or gone: bring "
            "them back with `loupe archive restore`, or let a new manifest forget them with --accept."
        )
    if not as_json:
        typer.echo(_now(renewed))


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A folder, or s3://bucket/folder.")],
    *,
    env: Environment = None,
    into: Annotated[str, typer.Option(metavar="PREFIX", help="Put all of it below this prefix of the tree.")] = "",
    dry_run: DryRun = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Say of each object what became of it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a report that exists.")] = False,
    as_json: AsJson = False,
) -> None:
    """Copy what lies elsewhere to its place in the tree; nothing is overwritten, and nothing is deleted.

    Example: loupe archive import s3://old-bucket/project --dry-run
    """
    below = into.rstrip("/") + "/" if into else ""
    here, there = root_of(source, env), project(env)
    found = archive_arrivals.planned(here, there, below)
    arrivals = archive_arrivals.imported(here, there, found, into=below, dry_run=dry_run)
    counts = archive_arrivals.counted(found, arrivals)
    troubles = [arrival.told() for arrival in arrivals if arrival.came in {Came.DIFFERS, Came.FAILED}]
    if report:
        archive_arrivals.report(arrivals, report, force=force)
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, **counts, "troubles": troubles}, indent=1, ensure_ascii=False))
    else:
        _print_some(["came", "key", "reason"], troubles)
        print_table(list(counts), [{**counts, "bytes": _size(counts["bytes"])}])
        typer.echo("Nothing was copied: this was a dry run." if dry_run else _advice(counts))
    raise typer.Exit(int(bool(troubles)))


@app.command()
def gc(
    place: Annotated[str, typer.Argument(metavar="PLACE", help="s3://bucket/folder with what may be superfluous.")],
    *,
    env: Environment = None,
    copies: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Where the same keys have copies, read now; else the project's manifest."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete what the plan says.")] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Show what is kept elsewhere too, byte by byte the same, and delete that if asked to; custody is never touched.

    Example: loupe archive gc s3://old-bucket/project
    """
    clearing = Clearing(root_of(place, env), project(env), root_of(copies, env) if copies else None)
    planned = clearing.planned()
    if not as_json:
        _print_plan(Cleared(planned, [], []))
    cleared = clearing.done(planned) if yes and not dry_run else Cleared(planned, [], [])
    if as_json:
        typer.echo(json.dumps(cleared.told(), indent=1, ensure_ascii=False))
    elif yes and not dry_run:
        _print_some(["key", "reason"], [one.told() for one in cleared.stayed])
        typer.echo(
            f"{len(cleared.deleted)} objects deleted; where a bucket keeps versions, `restore` brings them back."
        )
    else:
        typer.echo("Nothing was deleted: do that with --yes.")
    raise typer.Exit(int(bool(cleared.stayed)))


@app.command()
def restore(
    keys: Annotated[list[str], typer.Argument(metavar="KEY…", help="Keys of the project bucket.")],
    *,
    env: Environment = None,
    version: Annotated[str | None, typer.Option(metavar="ID", help="This version.")] = None,
    before: Annotated[
        str | None, typer.Option(metavar="TIME", help="The last version before this time, as 2026-01-11T04:00:00Z.")
    ] = None,
    tier: Annotated[str, typer.Option(help="How fast Glacier is: Expedited, Standard or Bulk.")] = "Standard",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring back what was deleted or replaced, as the newest version; exit code 75 while Glacier takes its hours.

    Example: loupe archive restore data/raw/card_images/base1-4.png
    """
    if version and len(keys) > 1:
        raise Trouble("A version is one of one key: name one KEY with --version.")
    asked = archive_restores.Asked(version=version, before=_time(before), tier=tier, dry_run=dry_run)
    told = archive_restores.restored(project(env), keys, asked)
    if as_json:
        typer.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        print_table(["key", "state", "version_id", "modified", "bytes", "reason"], told)
    states = {one["state"] for one in told}
    raise typer.Exit(1 if "failed" in states else NOT_YET if "thawing" in states else 0)


def _flat(place: dict[str, Any]) -> dict[str, Any]:
    found = place["found"]
    same = "same" if found["digest"] == place["digest"] else "differs"
    told = {"found": found["objects"], "found_bytes": found["bytes"], "digest": same}
    return {**place, **told, "findings": place["findings"]}


def _print_some(columns: list[str], rows: list[dict[str, Any]]) -> None:
    print_table(columns, rows[:SHOWN])
    if len(rows) > SHOWN:
        typer.echo(f"and {len(rows) - SHOWN} more: --json has all of them")


def _print_plan(cleared: Cleared) -> None:
    """What would go, with its copies, and why the rest stays."""
    goes = [one for one in cleared.candidates if one.copy]
    stays = [one for one in cleared.candidates if not one.copy]
    _print_some(["key", "bytes", "copy"], [one.told() for one in goes])
    _print_some(["key", "bytes", "reason"], [one.told() for one in stays])
    freed = _size(sum(one.found.size for one in goes))
    typer.echo(f"Plan: {len(goes)} objects ({freed}) have verified copies and may go, {len(stays)} stay.")


def _now(renewed: archive_manifest.Renewed) -> str:
    if renewed.manifest is None:
        return "There is no manifest yet, and this was a dry run."
    where = f"{renewed.manifest.id}: {renewed.manifest.objects} objects, {_size(renewed.manifest.bytes)}"
    return f"The manifest is {where}" + ("" if renewed.published else "; this was a dry run")


def _advice(counts: dict[str, Any]) -> str:
    return (
        "Take them into the manifest with `loupe archive manifest`."
        if counts["copied"]
        else "Nothing was to be copied."
    )


def _size(count: int) -> str:
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value, units = value / 1000, units[1:]
    return f"{value:.3g} {units[0]}"


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise Trouble(f"{printable(text)} is no time: write it as 2026-01-11T04:00:00Z.") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)
