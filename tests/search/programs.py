"""`python -m containers.search` as a process, undisturbed or not."""

import os
import subprocess
import sys
from pathlib import Path

from loupe.reference import Reference
from tests.search.cards import Deck

ROOT = Path(__file__).parents[2]


def program(*words: str | Path, reference: Reference, code: str = "") -> "subprocess.CompletedProcess[str]":
    """The program in a process of its own, after some code that disturbs it; what a kill leaves stays in the test's."""
    run = f"{code}\nimport sys; from containers.search.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", run, *map(str, words)]
    told = {"LOUPE_REFERENCE": reference.root.url, "TMPDIR": str(Path(reference.root.url).parent)}
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **told}, text=True, capture_output=True, check=False, timeout=120
    )


def build_words(cards: Deck) -> list[str | Path]:
    return ["build", cards.embeddings, "--index-json", cards.index, "--metadata", cards.metadata]
