"""`make demo-plates [PLATES=folder]`: the synthesized stacks on this laptop; plates in, numbers printed and drawn."""

import tempfile
from pathlib import Path

from rich.table import Table

from cli import plate_following, plate_views
from cli.account import laptop_account
from cli.demonstration import CONSOLE, PICTURES, Phases, deployed, show
from cli.outputs import folder, new_file
from cli.plate_archives import Archive, archive_of
from cli.plate_executions import Executions
from cli.plate_reports import Run
from cli.plate_sheet import draw, numbers
from cli.plate_views import View
from cli.tables import printable
from cli.trouble import Trouble
from examples import plates
from local.laptop import Laptop

PLATES, SHARDS, DRAWN_AT_MOST = 12, 3, 24
NAME, SHEET = "plates", "plates.png"
_COLUMNS = ("size", "entropy", "sharpness", "ink")


def demo(given: list[Path]) -> None:
    """Draw plates if none are given, deploy, archive them, run, wait, print, draw a sheet, stop."""
    if len(given) > 1 or not all(path.is_dir() for path in given):
        raise Trouble("One folder of plates at a time, please.")
    phases = Phases()
    with tempfile.TemporaryDirectory(prefix="loupe-plates-") as drawn:
        source = given[0] if given else _drawn_plates(Path(drawn), phases)
        with deployed(phases) as laptop:
            _through_the_platform(laptop, source, phases)
    CONSOLE.print(f"\nThe plates are drawn beside their masks and histograms in {PICTURES}/{SHEET}", highlight=False)


def _drawn_plates(drawn: Path, phases: Phases) -> Path:
    with phases.phase(f"Draw {PLATES} plates"):
        plates.write(drawn, PLATES)
    return drawn


def _through_the_platform(laptop: Laptop, source: Path, phases: Phases) -> None:
    account = laptop_account(laptop)
    archive, executions = archive_of(account, NAME), Executions(account)
    with phases.phase("Archive the plates"):
        plate_following.ingested(archive, source)
    with phases.phase(f"Measure them in {SHARDS} shards"):
        arn = executions.start(dataset=NAME, shards=SHARDS)
        run = plate_following.followed(executions, archive, arn)
    if run.state != "COMPLETE":
        raise Trouble(f"The run failed: {run.reason}")
    with phases.phase("Verify what was written"):
        findings, _ = plate_following.verified(archive)
    if findings:
        raise Trouble("; ".join(f"{finding.name}: {finding.reason}" for finding in findings))
    with phases.phase("Fetch and draw the measurements"):
        views = _draw(archive, run)
    CONSOLE.print(_summary(run, views))


def _draw(archive: Archive, run: Run) -> list[View]:
    views = plate_views.chosen(archive, run.run, None, DRAWN_AT_MOST)
    with new_file(folder(PICTURES) / SHEET, force=True) as file:
        draw(f"{archive.name} {run.run}", run.summary(), views).save(file, "PNG")
    return views


def _summary(run: Run, views: list[View]) -> Table:
    table = Table("plate", "title", *_COLUMNS, box=None, title=run.run)
    for view in views:
        told = dict(numbers(view))
        table.add_row(*map(printable, (view.plate_id, view.title, *(told.get(name, "") for name in _COLUMNS))))
    return table


if __name__ == "__main__":
    show(demo)
