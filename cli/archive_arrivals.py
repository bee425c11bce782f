"""Objects elsewhere → the archive; what a command that was killed has copied or compared is not looked at again."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli.archive_project import Root
from cli.archive_state import state
from cli.outputs import new_file
from cli.progress import bars
from cli.trouble import Trouble
from lambdas.archive.imports import Arrival, Came, Import, Plan, plan
from lambdas.archive.tree import tree

NAMED = 20  # strays that are listed before a sentence says how many more there are


def planned(source: Root, target: Root, into: str) -> Plan:
    """What would come; Trouble where a key has no place in the tree."""
    with source.asked(), target.asked(), bars() as progress:
        progress.add_task("Listing", total=None)
        found = plan(source.objects(versions=False), target.objects(), tree(), into=into)
    if found.strays:
        named = "\n".join(f"  {key}" for key in found.strays[:NAMED])
        more = f"\n  and {len(found.strays) - NAMED} more" if len(found.strays) > NAMED else ""
        where = f" below {into}" if into else ""
        raise Trouble(
            f"{len(found.strays)} keys{where} have no place in the project's tree (see `loupe archive tree`). "
            f"Nothing was copied; put all of it below a place with --into PREFIX.\n{named}{more}"
        )
    return found


def imported(source: Root, target: Root, found: Plan, *, into: str, dry_run: bool) -> list[Arrival]:
    """Copy what is not there, with a bar."""
    with source.asked(), target.asked(), state("import", source=source.url, target=target.url, into=into) as kept:
        told = {line["key"]: Arrival(**{**line, "came": Came(line["came"])}) for line in kept.lines()}
        work = Import(source.objects(versions=False), target.bucket(), told=told)
        arrivals = []
        with bars() as progress:
            bar = progress.add_task("Comparing" if dry_run else "Copying", total=len(found.planned))
            for arrival in work.arrivals(found.planned, dry_run=dry_run):
                progress.advance(bar)
                arrivals.append(arrival)
                if not dry_run and not _is_known(arrival, told.get(arrival.key)):
                    kept.add(arrival.told())
    return arrivals


def _is_known(arrival: Arrival, told: Arrival | None) -> bool:
    return told is not None and told.came is not Came.FAILED and replace(arrival, came=told.came) == told


def counted(found: Plan, arrivals: list[Arrival]) -> dict[str, Any]:
    """How many of each, and how many bytes were copied."""
    came = Counter(str(arrival.came) for arrival in arrivals)
    copied = sum(arrival.bytes for arrival in arrivals if arrival.came is Came.COPIED)
    return {**{str(one): came[one] for one in Came}, "left_out": found.left_out, "bytes": copied}


def report(arrivals: list[Arrival], target: Path, *, force: bool) -> None:
    """What became of each object, one JSON line for each."""
    with new_file(target, force=force) as file:
        for arrival in arrivals:
            file.write(json.dumps(arrival.told(), ensure_ascii=False).encode() + b"\n")
