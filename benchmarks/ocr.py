"""What OCR runs cost as they grow, beside the obvious program: `python -m benchmarks.ocr [--rows 100000]`."""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from string import ascii_lowercase
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from aiohttp import web
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
LATENCIES = (0.3, 2.0, 5.0)
LIMIT = 20  # calls in any second
SECONDS_OF_CALLS = 20
ANSWERS, WORDS = 1000, 40
MILLION = 1_000_000
AS_IN_THE_IMAGE = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "32768",
    "MALLOC_TRIM_THRESHOLD_": "65536",
}


def answers() -> list[bytes]:
    """As many as rows of two parts, each as long as a receipt's, so that a part holds what a real one does."""
    random = Random(0)  # noqa: S311  # a drawing, not a secret
    return [
        json.dumps({"numBilledPages": 1, "pages": [{"id": 0, "words": words(random)}]}).encode() for _ in range(ANSWERS)
    ]


def words(random: Random) -> list[dict[str, Any]]:
    found = []
    for number in range(WORDS):
        text = "".join(random.choices(ascii_lowercase, k=random.randint(2, 9)))
        left, top, width = random.randint(0, 900), random.randint(0, 1300), 9 * len(text)
        corners = [(left, top), (left + width, top), (left + width, top + 20), (left, top + 20)]
        vertices = [{"x": x, "y": y} for x, y in corners]
        found.append({"id": number, "text": text, "boundingBox": {"vertices": vertices}})
    return found


@dataclass
class Api:
    """The vendor's contract with a limit of calls in any second and a latency; counts calls and refusals."""

    latency: float
    limit: int
    closed_seconds: float = 0.0
    opened: float = field(default_factory=time.monotonic)
    starts: list[float] = field(default_factory=list)
    refused: int = 0
    bodies: list[bytes] = field(default_factory=answers)

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        now = time.monotonic()
        recent = [start for start in self.starts[-self.limit :] if start > now - 1] if self.limit else []
        if now - self.opened < self.closed_seconds or (self.limit and len(recent) >= self.limit):
            self.refused += 1
            return web.Response(status=429)
        self.starts.append(now)
        await asyncio.sleep(self.latency)
        body = self.bodies[len(self.starts) % len(self.bodies)]
        return web.Response(body=body, content_type="application/json")


def serve(pipe: Connection, latency: float, limit: int, closed_seconds: float) -> None:
    """Until something is sent: then tell when calls were let in, and how many were not."""

    async def main() -> None:
        api = Api(latency, limit, closed_seconds)
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/document-digitization", api.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        pipe.send(runner.addresses[0][1])
        await asyncio.to_thread(pipe.recv)
        pipe.send((api.starts, api.refused))

    asyncio.run(main())


@contextmanager
def api(latency: float = 0.0, limit: int = 0, closed_seconds: float = 0.0) -> Iterator[tuple[str, Connection]]:
    """The service in a process of its own: its address, and the pipe that asks for its counts."""
    here, there = multiprocessing.Pipe()
    asked = (there, latency, limit, closed_seconds)
    process = multiprocessing.get_context("spawn").Process(target=serve, args=asked, daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}", here
    finally:
        process.kill()


def dataset(folder: Path, rows: int, *, image_bytes: int = 0) -> Path:
    """Rows that share one page, or hold one each."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "page.png"
    page.write_bytes(_png())
    path = folder / f"{rows}-{image_bytes}.parquet"
    with pq.ParquetWriter(path, _columns(image_bytes)) as writer:
        for first in range(0, rows, 500):
            numbers = range(first, min(first + 500, rows))
            columns: dict[str, Any] = {"id": [f"page-{n}" for n in numbers], "image_path": ["page.png"] * len(numbers)}
            if image_bytes:
                columns["image"] = [_png() + os.urandom(image_bytes) for _ in numbers]
            writer.write_table(pa.table(columns))
    return path


def _columns(image_bytes: int) -> pa.Schema:
    image = [("image", pa.binary())] if image_bytes else []
    return pa.schema([("id", pa.string()), ("image_path", pa.string()), *image])


def _png() -> bytes:
    from PIL import Image  # noqa: PLC0415  # only for the one page

    with tempfile.SpooledTemporaryFile() as file:
        Image.new("L", (64, 64), 255).save(file, "PNG")
        file.seek(0)
        return file.read()


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What one process took."""

    seconds: float
    peak_mib: float
    written: int
    output: int
    checkpoints: list[float]


def ran(command: list[str], url: str, out: Path) -> Ran:
    environment = {**os.environ, **AS_IN_THE_IMAGE, "LOUPE_OCR_URL": url, "LOUPE_OCR_KEY": "none"}
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=said)  # noqa: S603  # our own
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        said.seek(0)
        lines = [json.loads(line) for line in said if line.startswith("{")]
    if status:
        raise RuntimeError(f"{command} ended with {status}")
    done = [line for line in lines if line["message"] == "checkpoint"]
    output = sum(path.stat().st_size for path in out.glob("part-*"))
    written = sum(line["written_bytes"] for line in lines if "written_bytes" in line)
    written += sum(path.stat().st_size for name in ("manifest.json", "output.parquet") for path in out.glob(name))
    return Ran(
        seconds=seconds,
        peak_mib=_mib(usage),
        written=written,
        output=output,
        checkpoints=[line["seconds"] for line in done],
    )


def _mib(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / 1024


def loupe(table: Path, out: Path, *flags: str) -> list[str]:
    return ["-m", "containers.ocr", "run", "--dataset", str(table), "--output", str(out), *flags]


def throughput(folder: Path, console: Console) -> None:
    """Calls let in each second, as a share of what limit and latency allow; beside it three fixed slots."""
    shown = Table("latency s", "slots", "calls/s", "of its bound", "of what is possible", "refused", title="Pace")
    for latency in LATENCIES:
        for slots in (64, 3):
            bound = min(LIMIT, slots / latency)
            rows = int(bound * SECONDS_OF_CALLS) + 1
            with api(latency, LIMIT) as (url, pipe):
                out = folder / f"pace-{latency}-{slots}"
                ran(loupe(dataset(folder, rows), out, "--rate", str(LIMIT), "--concurrency", str(slots)), url, out)
                pipe.send(None)
                starts, refused = pipe.recv()
            rate = (len(starts) - 1) / (starts[-1] - starts[0])
            best = min(LIMIT, 64 / latency)
            told = (f"{latency}", f"{slots}", f"{rate:.2f}", f"{rate / bound:.3f}", f"{rate / best:.3f}")
            shown.add_row(*told, f"{refused} of {rows}")
    console.print(shown)


def patience(folder: Path, console: Console) -> None:
    """A service that refuses every call for a minute: how long 100 rows take, and how often it is asked in vain."""
    with api(0.3, LIMIT, closed_seconds=60) as (url, pipe):
        out = folder / "closed"
        took = ran(loupe(dataset(folder, 100), out, "--rate", str(LIMIT)), url, out).seconds
        pipe.send(None)
        _, refused = pipe.recv()
    console.print(f"Every call refused for a minute: 100 rows are done after {took:.0f} s, {refused} calls in vain.")


def growth(folder: Path, console: Console, rows: int) -> None:
    """Memory, bytes and checkpoints at a tenth of the rows or less, and at all of them; beside them the obvious."""
    shown = Table("program", "rows", "rows/s", "peak MiB", "written ÷ output", "checkpoint s, first and last tenth")
    with api() as (url, _):
        for count, image_bytes, flags in (
            (10_000, 0, ()),
            (rows, 0, ()),
            (10_000, 0, ("--single-file",)),
            (2_000, 50_000, ()),
            (10_000, 50_000, ()),
        ):
            name = f"loupe {' '.join(flags)}" + (f" ({image_bytes // 1000} kB images inside)" if image_bytes else "")
            out = folder / f"grow-{count}-{image_bytes}-{len(flags)}"
            command = loupe(dataset(folder, count, image_bytes=image_bytes), out, "--rate", "100000", *flags)
            _show(shown, name, count, ran(command, url, out))
        for count in (2_000, 10_000):
            out = folder / f"obvious-{count}"
            command = ["-m", "benchmarks.ocr_obvious", str(dataset(folder, count)), str(out)]
            _show(shown, "whole table, one growing checkpoint", count, ran(command, url, out))
    console.print(shown)


def a_million(folder: Path, console: Console) -> None:
    """Memory where the table has a million rows: a check of all of them, and an attempt that has 10,000 left to do."""
    table, out = dataset(folder, MILLION), folder / "million"
    with api() as (url, _):
        ten = ran(loupe(dataset(folder, 10_000), folder / "ten", "--rate", "100000"), url, folder / "ten")
        checked = ran(loupe(table, out, "--dry-run"), url, out)
        begin = loupe(table, out, "--max-usd", "0")
        environment = {**os.environ, "LOUPE_OCR_URL": url, "LOUPE_OCR_KEY": "none"}
        subprocess.run([sys.executable, *begin], cwd=ROOT, env=environment, check=False, capture_output=True)  # noqa: S603  # our own
        part = next((folder / "ten").glob("part-*")).read_bytes()
        for first in range(0, MILLION - 10_000, 500):
            (out / f"part-{first:08}-{first + 500:08}.parquet").write_bytes(part)
        last = ran(loupe(table, out, "--rate", "100000"), url, out)
    shown = Table("rows of the table", "what", "peak MiB", title="A million rows")
    shown.add_row("10,000", "a whole run", f"{ten.peak_mib:.0f}")
    shown.add_row(f"{MILLION:,}", "a dry run: every row is checked", f"{checked.peak_mib:.0f}")
    shown.add_row(f"{MILLION:,}", "the last 10,000 rows, the others being done", f"{last.peak_mib:.0f}")
    console.print(shown)


def _show(shown: Table, name: str, rows: int, run: Ran) -> None:
    tenth = max(1, len(run.checkpoints) // 10)
    ends = [sum(some) / len(some) for some in (run.checkpoints[:tenth], run.checkpoints[-tenth:])]
    ratio = run.written / run.output
    pace = f"{rows / run.seconds:.0f}"
    shown.add_row(name, f"{rows:,}", pace, f"{run.peak_mib:.0f}", f"{ratio:.3f}", f"{ends[0]:.2f}, {ends[1]:.2f}")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=100_000, help="of the largest run")
    given = asked.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as temporary:
        throughput(Path(temporary), console)
        patience(Path(temporary), console)
        growth(Path(temporary), console, given.rows)
        a_million(Path(temporary), console)
