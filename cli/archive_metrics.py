"""`loupe archive metrics | tree`: what the project holds and costs, and what belongs where in it for how long."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import archive_savings
from cli.archive_project import Root, project
from cli.options import AsJson, Environment
from cli.outputs import folder, new_file
from cli.tables import print_table, printable
from cli.trouble import Trouble
from lambdas.archive.prices import GIB, prices
from lambdas.archive.settings import METRICS
from lambdas.archive.tree import FILE, Place, tree
from loupe import contracts
from loupe.artifacts import Artifacts

SUMMARY = "summary.json"
PATIENCE_SECONDS = 960  # a little longer than a function can live
_TREE = ["place", "keys", "written", "by", "verified", "kept"]
_SAVING = ["place", "then", "objects", "GB", "usd_per_month", "usd_per_month_then", "usd_once", "saved_usd_per_year"]


def metrics(
    *,
    env: Environment = None,
    now: Annotated[bool, typer.Option("--now", help="Make new figures first; else those of the last night.")] = False,
    out: Annotated[Path | None, typer.Option(help="A folder for the tables, the lineage and the page.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is stored, what a month costs, and what 1,000 inputs of each slice cost.

    Example: loupe archive metrics --now --out figures
    """
    root = project(env)
    with root.asked():
        artifacts = root.artifacts(METRICS)
        summary = _made(root, artifacts) if now else _summary(artifacts)
        if out:
            _download(artifacts, folder(out), force=force)
    if as_json:
        typer.echo(json.dumps(summary, indent=1, ensure_ascii=False))
        return
    _print(summary)
    if out:
        typer.echo(f"The figures are in {out}: begin with metrics.html.")


def show_tree(
    *,
    saving: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What a tree holds: say what the lifecycle saves of its cost.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what belongs where in the project bucket, who writes it, and how long it is kept.

    Example: loupe archive tree --saving examples/project_tree.json
    """
    if saving:
        _print_saving(archive_savings.savings(archive_savings.read(saving), tree(), prices()), as_json=as_json)
    elif as_json:
        typer.echo(FILE.read_text().rstrip())
    else:
        print_table(_TREE, (row for place in tree().places for row in _rows(place)))


def _summary(artifacts: Artifacts) -> dict[str, Any]:
    try:
        return dict(contracts.check("archive/summary", json.loads(artifacts.read(SUMMARY))))
    except FileNotFoundError as error:
        raise Trouble("There are no figures yet: make them with --now.") from error


def _made(root: Root, artifacts: Artifacts) -> dict[str, Any]:
    """Figures that the platform's function makes now."""
    assert root.account, "figures are of an environment"
    before, until = artifacts.version(SUMMARY), time.monotonic() + PATIENCE_SECONDS
    function = root.account.parameter("archive/metrics-function")
    root.account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    while artifacts.version(SUMMARY) == before:
        if time.monotonic() > until:
            raise Trouble(f"{function} has written no figures: its log says why.")
        time.sleep(0.5)
    return _summary(artifacts)


def _download(artifacts: Artifacts, target: Path, *, force: bool) -> None:
    for key in tree().place("metrics").keys:
        name = key.removeprefix(METRICS)
        with new_file(target / name, force=force) as file:
            file.write(artifacts.read(name))


def _print(summary: dict[str, Any]) -> None:
    held, cost = summary["storage"], summary["cost"]
    places = [
        {"place": name, "objects": one["objects"], "GiB": f"{one['bytes'] / GIB:,.3f}"}
        for name, one in held["places"].items()
    ]
    print_table(["place", "objects", "GiB"], places)
    slices = [
        {
            "slice": name,
            "usd_per_month": _dollars(cost["by_slice"].get(name, 0.0)),
            "inputs": "" if one["inputs"] is None else one["inputs"],
            "usd_per_1000_inputs": _dollars(one["usd_per_1000_inputs"]),
            "basis": one["basis"],
        }
        for name, one in cost["per_1000_inputs"].items()
    ]
    typer.echo("")
    print_table(["slice", "usd_per_month", "inputs", "usd_per_1000_inputs", "basis"], slices)
    typer.echo(
        f"\nAs of {summary['as_of']}: {held['objects']:,} objects, {held['bytes'] / GIB:,.3f} GiB, of it "
        f"{held['noncurrent_bytes'] / GIB:,.3f} noncurrent; {_dollars(cost['usd'])} USD a month, "
        f"at prices of {cost['prices_since']} or later."
    )
    if unread := summary["unread"]:
        typer.echo(
            f"Not counted, for it could not be read: {', '.join(map(printable, unread[:3]))} ({len(unread)} in all)"
        )


def _rows(place: Place) -> list[dict[str, Any]]:
    """One for each form of its keys; the first says the rest."""
    told = {
        "place": place.name,
        "written": place.written.replace("_", " "),
        "by": place.written_by,
        "verified": "yes" if place.verified else "no",
        "kept": _kept(place),
    }
    first, *others = ({"keys": key} for key in place.keys)
    return [{**told, **first}, *others]


def _kept(place: Place) -> str:
    moved = [f"{step.storage_class} after {step.days} days" for step in place.transitions]
    gone = [f"{place.expire_days} days"] if place.expire_days else []
    older = [f"older versions {place.noncurrent_days} days"] if place.noncurrent_days else []
    return ", ".join([*moved, *gone, *older]) or "for ever"


def _print_saving(found: list[archive_savings.Saving], *, as_json: bool) -> None:
    total = archive_savings.together(found)
    if as_json:
        typer.echo(json.dumps({"places": [one.row() for one in found], "all": total.row()}, indent=1))
        return
    print_table(_SAVING, map(_shown, [*found, total]))
    share = total.saved_per_year / (12 * total.usd_per_month) if total.usd_per_month else 0.0
    typer.echo(f"The lifecycle saves {share:.2%} of what storage costs, at prices of {prices().oldest} or later.")


def _shown(saving: archive_savings.Saving) -> dict[str, Any]:
    row = saving.row()
    dollars = {name: _dollars(row[name]) for name in _SAVING if "usd" in name}
    return {**row, **dollars, "GB": f"{saving.bytes / 1e9:,.3f}"}


def _dollars(amount: float | None) -> str:
    return "" if amount is None else f"{amount:,.4f}"
