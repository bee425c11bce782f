"""`python -m containers.plate_runs run|claim|ledger|verify`: exits 0 (complete) or 1 (mend what it says)."""

import argparse
import json
import os
import sys
import warnings
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from containers.plate_runs import settings
from containers.plate_runs.dataset import Dataset, Shard
from containers.plate_runs.ledger import build_ledger
from containers.plate_runs.models import MODELS, check_models
from containers.plate_runs.pictures import MAX_MEGAPIXELS
from containers.plate_runs.run import Task, run
from containers.plate_runs.verification import Verification
from loupe import claims, exit_message
from loupe.artifacts import WrittenByAnother

MENDABLE = (ValueError, WrittenByAnother, OSError, BotoCoreError, ClientError)


def flags() -> argparse.ArgumentParser:
    """The command line; what is not said on it comes from the environment."""
    program = argparse.ArgumentParser(prog="python -m containers.plate_runs", description=__doc__)
    commands = program.add_subparsers(dest="command", required=True)
    for name, job, told in (
        ("run", _run, "measure a shard of the plates, or what an earlier attempt left of it"),
        ("claim", _claim, "make a run id that no one else has, and print it"),
        ("ledger", _ledger, "bring ledger/*.parquet up to the sealed runs"),
        ("verify", _verify, "read everything, and say what is not as it was written"),
    ):
        command = commands.add_parser(name, help=told)
        command.set_defaults(job=job)
        _setting(command, "--dataset", settings.DATASET, metavar="URL", help="s3://bucket/prefix or a folder")
    run_flags, claim_flags = commands.choices["run"], commands.choices["claim"]
    for command in (run_flags, claim_flags):
        _setting(command, "--models", settings.MODELS, type=_names, metavar="A,B", help=f"of {', '.join(MODELS)}")
    _setting(run_flags, "--shard", settings.SHARD, type=Shard.of, metavar="I/N", help="which plates, from 0/N on")
    run_flags.add_argument(
        "--run-id", default=os.environ.get(settings.RUN_ID) or None, metavar="ID", help="default: one of its own"
    )
    run_flags.add_argument("--max-megapixels", type=int, default=MAX_MEGAPIXELS, metavar="N", help="of a plate")
    claim_flags.add_argument("--shards", type=int, default=1, metavar="N", help="that the run will have")
    commands.choices["ledger"].add_argument("--anew", action="store_true", help="read every run again")
    return program


def main() -> int:
    warnings.simplefilter("ignore")  # Pillow's, of strange metadata
    asked = vars(flags().parse_args())
    asked.pop("command")
    job = asked.pop("job")
    try:
        told, trouble = job(**asked)
    except MENDABLE as error:
        told, trouble = None, " ".join(str(error).split())
    if told:
        print(json.dumps(told))
    if trouble:
        print(trouble, file=sys.stderr)
        with suppress(KeyError, OSError):
            Path(os.environ[exit_message.VARIABLE]).write_text(trouble[:1000])
    return 1 if trouble else 0


def _run(**asked: Any) -> tuple[dict[str, Any], str]:
    told = run(Task(**asked))
    trouble = f"{told['run_id']}: {'; '.join(told['errors_sample'])}" if told["outcome"] == "failed" else ""
    return {"message": told["outcome"], **told}, trouble


def _claim(*, dataset: str, models: list[str], shards: int) -> tuple[dict[str, Any], str]:
    check_models(models)
    return claims.claim(Dataset(dataset).root, models, shards).message(), ""


def _ledger(*, dataset: str, anew: bool) -> tuple[dict[str, Any], str]:
    return {"message": "complete", **asdict(build_ledger(dataset, anew=anew))}, ""


def _verify(*, dataset: str) -> tuple[dict[str, Any], str]:
    verification, found = Verification(dataset), 0
    for finding in verification.findings():
        print(json.dumps({"message": "finding", **asdict(finding)}))
        found += 1
    counts = {name: getattr(verification, name) for name in ("plates", "runs", "unsealed", "unproven")}
    return {"message": "verified", "findings": found, **counts}, f"{found} findings, listed above." if found else ""


def _setting(command: argparse.ArgumentParser, flag: str, variable: str, **options: Any) -> None:
    command.add_argument(flag, default=os.environ.get(variable), required=variable not in os.environ, **options)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


if __name__ == "__main__":
    sys.exit(main())
