"""`python -m benchmarks.upload_to_answer [PLAN]`: from upload to rooms on a warm laptop, beside the detector alone."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli import blueprints
from cli.account import laptop_account
from cli.connection import Connection, connection_to
from containers.room_detection.inference import detect_file
from local.laptop import Laptop
from local.synthesis import synthesize

ROOT = Path(__file__).parents[1]
ROUNDS, WARM_UP = 20, 4


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(plan: Path) -> dict[str, list[float]]:
    """Both, one after the other in every round, so that the machine's mood is the same for both."""
    times: dict[str, list[float]] = {"upload to answer": [], "detector alone": []}
    with tempfile.TemporaryDirectory(prefix="loupe-benchmark-") as home:
        laptop = Laptop(Path(home))
        try:
            laptop.up(synthesize(laptop.home))
            connection = connection_to(laptop_account(laptop))
            for number in range(WARM_UP + ROUNDS):
                both = {
                    "upload to answer": seconds(lambda: through_the_platform(connection, plan)),
                    "detector alone": seconds(lambda: detect_file(plan)),
                }
                for name, took in both.items() if number >= WARM_UP else ():
                    times[name].append(took)
        finally:
            laptop.down()
    return times


def through_the_platform(connection: Connection, plan: Path) -> None:
    job = blueprints.upload(connection, plan)
    [ended] = blueprints.wait(connection, [job["job_id"]], seconds=60, tell=lambda _: None)
    assert ended["state"] == "SUCCEEDED", ended
    connection.call("GET", f"/blueprints/{job['job_id']}/rooms")


def main() -> None:
    plan = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "flat.png"
    times = measure(plan)
    table = Table("seconds, warm", "median", "min", "max", "of the detector", title=f"{plan.name}, {ROUNDS} rounds")
    floor = statistics.median(times["detector alone"])
    for name, took in times.items():
        middle = statistics.median(took)
        table.add_row(name, f"{middle:.2f}", f"{min(took):.2f}", f"{max(took):.2f}", f"{middle / floor:.1f} x")
    Console().print(table)


if __name__ == "__main__":
    main()
