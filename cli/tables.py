"""What a terminal shows of messages: tables whose words may come from strangers."""

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_JOB = ["job_id", "state", "file_name", "rooms", "seconds", "created_at", "reason"]
_ENDED = frozenset({"SUCCEEDED", "FAILED"})


def print_table(columns: list[str], rows: Iterable[dict[str, Any]]) -> None:
    """Rows with the columns that any of them has."""
    found = list(rows)
    if not found:
        return
    shown = [name for name in columns if any(name in row for row in found)]
    table = Table(*shown, box=None, pad_edge=False)
    for row in found:
        table.add_row(*(printable(row.get(name, "")) for name in shown))
    console = Console() if sys.stdout.isatty() else Console(width=200)
    console.print(table)


def print_jobs(jobs: Iterable[dict[str, Any]]) -> None:
    print_table(_JOB, [{**job, "seconds": _seconds(job)} if job["state"] in _ENDED else job for job in jobs])


def printable(value: Any) -> str:
    """Text for a terminal; names and reasons come from strangers, so no control codes and no markup."""
    return escape("".join(c if c.isprintable() else "�" for c in str(value)))


def _seconds(job: dict[str, Any]) -> str:
    """From the request to the end."""
    begun, ended = (datetime.fromisoformat(job[name]) for name in ("created_at", "updated_at"))
    return f"{(ended - begun).total_seconds():.1f}"
