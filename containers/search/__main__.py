"""`python -m containers.search build|verify|publish|rollback|versions`: exits 0 (done) or 1 (mend what it says)."""

import argparse
import json
import os
import sys
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from containers.search import settings
from containers.search.assembly import Inputs
from containers.search.build import build
from containers.search.findings import Refused
from containers.search.publication import publish, rollback, versions
from containers.search.verification import findings
from loupe import exit_message
from loupe.artifacts import WrittenByAnother
from loupe.reference import NoSuchVersion, NotPublished, Reference

MENDABLE = (ValueError, NoSuchVersion, NotPublished, WrittenByAnother, OSError, BotoCoreError, ClientError)


def flags() -> argparse.ArgumentParser:
    """The command line; where the versions are may come from the environment."""
    program = argparse.ArgumentParser(prog="python -m containers.search", description=__doc__)
    commands = program.add_subparsers(dest="command", required=True)
    for job, told in (
        (_build, "make a version, or complete it, and print its name"),
        (_verify, "read all of a version, and say what is not as it must be"),
        (_publish, "let a version answer, once it verifies"),
        (_rollback, "let an earlier version answer again"),
        (_versions, "list all versions"),
    ):
        command = commands.add_parser(job.__name__[1:], help=told)
        command.set_defaults(job=job)
        told_where = os.environ.get(settings.REFERENCE)
        command.add_argument(
            "--reference",
            default=told_where,
            required=not told_where,
            metavar="URL",
            help="s3://bucket/prefix or a folder",
        )
    _build_flags(commands.choices["build"])
    for name in ("verify", "publish"):
        commands.choices[name].add_argument("version")
    commands.choices["rollback"].add_argument("version", nargs="?", help="default: the one before")
    return program


def main() -> int:
    asked = vars(flags().parse_args())
    asked.pop("command")
    job, reference = asked.pop("job"), Reference(asked.pop("reference"))
    try:
        print(json.dumps(job(reference, **asked)))
    except MENDABLE as error:
        trouble = " ".join(str(error).split())
        print(trouble, file=sys.stderr)
        with suppress(KeyError, OSError):
            Path(os.environ[exit_message.VARIABLE]).write_text(trouble[:1000])
        return 1
    return 0


def _build_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("embeddings", type=Path, metavar="EMBEDDINGS.npy")
    for name, told in (("index-json", "row to card id"), ("metadata", "card id to what is known of the card")):
        command.add_argument(f"--{name}", type=Path, required=True, metavar="FILE", help=told)
    for name, told in (
        ("usearch-index", "kept, and measured"),
        ("embedder", "ONNX network from an image to a row"),
        ("preprocessing", "JSON: width, height, mean, std, order, layout"),
    ):
        command.add_argument(f"--{name}", type=Path, metavar="FILE", help=told)
    command.add_argument("--version", metavar="NAME", help="default: of the time and the inputs")
    command.add_argument("--publish", action="store_true", help="let it answer, once it verifies")


def _build(reference: Reference, *, version: str | None, publish: bool, **asked: Any) -> dict[str, Any]:
    inputs = Inputs(**{field.name: asked[field.name] for field in fields(Inputs)})
    built = build(reference, inputs, version=version, tell=lambda text: print(text, file=sys.stderr))
    if publish:
        _publish(reference, version=built.name)
    return built.facts


def _verify(reference: Reference, *, version: str) -> dict[str, Any]:
    found = Refused(findings(reference.version(version)))
    if found.findings:
        raise found
    return {"message": "verified", "version": version}


def _publish(reference: Reference, *, version: str) -> dict[str, Any]:
    return publish(reference, version).message()


def _rollback(reference: Reference, *, version: str | None) -> dict[str, Any]:
    return rollback(reference, version).message()


def _versions(reference: Reference) -> list[dict[str, Any]]:
    return versions(reference)


if __name__ == "__main__":
    sys.exit(main())
