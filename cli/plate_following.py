"""What a terminal shows while plates are written, while a run over them goes on, and while a dataset is verified."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console

from cli import plate_collections, plate_ingestion
from cli.plate_archives import Archive
from cli.plate_executions import Executions, run_in
from cli.plate_reports import Run
from cli.progress import bars
from cli.tables import printable
from containers.plate_runs.verification import Finding, Verification

LOOK_AGAIN_SECONDS = 1.0
ENDED = frozenset({"COMPLETE", "FAILED"})


def ingested(archive: Archive, folder: Path) -> dict[str, Any]:
    """Bring a folder's plates into a dataset, with a bar; how many of them are new there."""
    with bars() as progress, archive.asked():
        bar = progress.add_task(f"Looking at {printable(folder)}", total=None)
        found = plate_collections.read(folder)
        new = plate_ingestion.missing(archive.open(), found.plates)
        progress.update(bar, description=f"Archiving {printable(archive.name)}", total=len(new), completed=0)
        plate_ingestion.write(archive.open(), found, new, lambda: progress.advance(bar))
    return {"dataset": archive.name, "url": archive.url, "plates": len(found.plates), "new": len(new)}


def claimed(executions: Executions, archive: Archive, arn: str) -> Run:
    """The run of an execution once it has an id, or has failed before."""
    with Console(stderr=True).status(f"Starting a run over {printable(archive.name)}"):
        while True:
            execution = executions.one(arn)
            if execution.run or execution.state != "RUNNING":
                return run_in(archive, execution)
            time.sleep(LOOK_AGAIN_SECONDS)


def followed(executions: Executions, archive: Archive, arn: str) -> Run:
    """The run once its execution has ended, with a bar."""
    run = claimed(executions, archive, arn)
    plates = len(archive.plates())
    with bars() as progress:
        bar = progress.add_task(f"{run.run} is {run.state}", total=plates)
        while run.state not in ENDED:
            time.sleep(LOOK_AGAIN_SECONDS)
            run = run_in(archive, executions.one(arn, run.run))
            ended = run.done + run.refused + run.failed
            progress.update(bar, description=f"{run.run} is {run.state}", completed=ended)
    return run


def verified(archive: Archive) -> tuple[list[Finding], Verification]:
    """Everything that is wrong with a dataset, and the counts of what was looked at."""
    with archive.asked(), Console(stderr=True).status(f"Reading {printable(archive.name)}") as shown:
        verification = Verification(archive.url, archive.client)
        findings = []
        for finding in verification.findings():
            findings.append(finding)
            shown.update(f"Reading {printable(archive.name)}: {len(findings)} findings so far")
    return findings, verification
