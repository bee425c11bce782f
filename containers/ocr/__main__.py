"""`python -m containers.ocr run --dataset … --output …` labels pages: exits 0, 75 (goes on later) or 1 (mend it)."""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from containers.ocr.parts import OtherRun
from containers.ocr.preview import preview
from containers.ocr.run import Failed, Interrupted, Task, run
from containers.ocr.settings import OcrSettings
from containers.ocr.table import BadTable
from loupe.artifacts import WrittenByAnother
from loupe.settings import BadSettings

MENDABLE = (BadTable, Failed, BadSettings, OtherRun, WrittenByAnother, BotoCoreError, ClientError)


def flags() -> argparse.ArgumentParser:
    """The command line; what it says is a `Task`."""
    program = argparse.ArgumentParser(prog="python -m containers.ocr", description=__doc__)
    commands = program.add_subparsers(dest="command", required=True)
    task = commands.add_parser("run", help="label a dataset, or go on where an earlier attempt ended")
    task.add_argument("--dataset", required=True, metavar="URL", help="a Parquet file, s3://bucket/key or a path")
    task.add_argument("--dataset-version", metavar="ID", help="the version of the S3 object")
    task.add_argument("--output", required=True, metavar="URL", help="the run's own folder")
    task.add_argument(
        "--images", metavar="URL", help="what image paths are relative to (default: the dataset's folder)"
    )
    task.add_argument("--model", default=Task.model, help="of the OCR service (default: %(default)s)")
    task.add_argument("--batch-size", type=_positive(int), default=Task.batch_size, metavar="ROWS", help="of one part")
    task.add_argument("--rate", type=_positive(float), default=Task.rate, metavar="N", help="calls a second at most")
    task.add_argument("--concurrency", type=_positive(int), metavar="N", help="calls in flight at most (default: 64)")
    task.add_argument("--max-rows", type=_positive(int), metavar="N", help="label only the first rows")
    task.add_argument(
        "--max-failures", type=_at_least_zero(int), metavar="N", help="stop when more rows than this failed"
    )
    task.add_argument(
        "--max-usd", type=_at_least_zero(float), metavar="X", help="stop, resumably, before the service costs more"
    )
    task.add_argument("--single-file", action="store_true", help="write output.parquet beside the parts")
    task.add_argument(
        "--dry-run", action="store_true", help="check the dataset and its images, and say what it will cost"
    )
    return program


def main() -> int:
    asked = vars(flags().parse_args())
    dry = asked.pop("dry_run")
    asked.pop("command")
    task = Task(**asked)
    try:
        settings = OcrSettings.from_environ()
        told = preview(task, settings) if dry else _summary(run(task, settings))
    except Interrupted as reason:
        print(f"Interrupted: {reason} Start it again to go on.", file=sys.stderr)
        return os.EX_TEMPFAIL
    except MENDABLE as trouble:
        print(" ".join(str(trouble).split()), file=sys.stderr)
        return 1
    print(json.dumps(told))
    return 0


def _summary(manifest: dict[str, Any]) -> dict[str, Any]:
    parts = len(manifest["parts"])
    return {"message": "complete", "rows": manifest["rows"], "failed": manifest["failed"], "parts": parts}


def _positive(kind: type[int] | type[float]) -> Any:
    return _number(kind, lambda value: value > 0, "more than 0")


def _at_least_zero(kind: type[int] | type[float]) -> Any:
    return _number(kind, lambda value: value >= 0, "0 or more")


def _number(kind: type[int] | type[float], allowed: Callable[[float], bool], wanted: str) -> Any:
    def parse(text: str) -> int | float:
        value = kind(text)
        if not (math.isfinite(value) and allowed(value)):
            raise argparse.ArgumentTypeError(f"{text} is not {wanted}")
        return value

    return parse


if __name__ == "__main__":
    sys.exit(main())
