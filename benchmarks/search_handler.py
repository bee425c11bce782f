"""`python -m benchmarks.search_handler`: what a warm search function does for one query, from its JSON to the answer's.

The version lies in a folder of this machine: what S3 takes to give rows is not in the times, and said by `search_cold`.
"""

import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded, as the stack tells the function

from rich.console import Console
from rich.table import Column, Table

from benchmarks.search_rows import queries, write
from containers.search.assembly import Inputs
from containers.search.build import build
from containers.search.publication import publish
from lambdas.search import query
from lambdas.search.searchable import Searchable
from lambdas.search.settings import QuerySettings
from lambdas.search.versions import Versions
from loupe.reference import Reference

ROWS, QUERIES = 17_592, 300


class Context:
    """What Lambda passes beside the event."""

    function_name, memory_limit_in_mb, aws_request_id = "query", 1769, "benchmark"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:query"


def published(folder: Path, kind: str) -> Reference:
    """A version of so many cards, in a folder."""
    embeddings = write(folder / kind, kind, ROWS)
    given = Inputs(
        embeddings=embeddings,
        index_json=embeddings.with_name("index.json"),
        metadata=embeddings.with_name("metadata.json"),
    )
    reference = Reference(str(folder / f"{kind}-versions"))
    publish(reference, build(reference, given).name)
    return reference


def serve(reference: Reference) -> None:
    """Let the handler answer from a folder."""
    versions = Versions(
        published=lambda: reference.pointer().version,
        load=lambda name: Searchable.load(reference, name, most_row_bytes=0),
        failed=lambda error: None,
        look_again_seconds=3600,
    )
    settings = QuerySettings(
        project_bucket="none", look_again_seconds=3600, rows_in_memory_mib=0, max_image_mib=4, max_megapixels=50
    )
    query._versions, query._settings = lambda: versions, lambda: settings  # type: ignore[assignment]  # in place of S3


def milliseconds(bodies: list[str]) -> list[tuple[float, float]]:
    """For each query what the handler takes, JSON in and JSON out: on the clock, and of the processor."""
    context: Any = Context()
    taken = []
    for body in bodies:
        begun, worked = time.perf_counter(), time.thread_time()
        answer = query.handle({"body": body}, context)
        taken.append(((time.perf_counter() - begun) * 1000, (time.thread_time() - worked) * 1000))
        if answer["statusCode"] != 200:
            raise RuntimeError(answer["body"])
    return taken


def main() -> None:
    table = Table(Column("query", no_wrap=True), "min, ms", "median, ms", "processor, ms", title=f"{ROWS} x 768")
    with tempfile.TemporaryDirectory() as home:
        for kind in ("clustered", "uniform"):
            serve(published(Path(home), kind))
            vectors = [vector.tolist() for vector in queries(kind, ROWS, QUERIES)]
            asked: dict[str, list[dict[str, Any]]] = {
                "vector, most of its rows not yet read": [{"vector": vector} for vector in vectors],
                "vector": [{"vector": vector} for vector in vectors],
                "vector, 100 hits": [{"vector": vector, "limit": 100} for vector in vectors],
                "vector, filter": [{"vector": vector, "filter": {"set": 3}} for vector in vectors],
                "row": [{"row": row} for row in range(0, ROWS, ROWS // QUERIES)],
            }
            for name, bodies in asked.items():
                clock, worked = zip(*milliseconds([json.dumps(body) for body in bodies]), strict=True)
                told = (min(clock), statistics.median(clock), statistics.median(worked))
                table.add_row(f"{kind}: {name}", *(f"{value:.2f}" for value in told))
    Console().print(table)


if __name__ == "__main__":
    main()
