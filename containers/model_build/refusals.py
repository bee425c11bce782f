"""What a program of the bundle refuses → one sentence, where SageMaker looks for the reason of a failed job."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

MESSAGE = "LOUPE_EXIT_MESSAGE"  # a processing job's definition says where its reason goes
OUTPUT = "SM_OUTPUT_DIR"  # a training job's reason goes into the file `failure` there


class Refused(Exception):
    """Input that no model can be made of, or no number; the text names what is wrong, and where."""


def run(program: Callable[[], None]) -> None:
    """Do it; a failure leaves its reason, and exit code 1."""
    try:
        program()
    except Refused as refused:
        _tell(str(refused))
        sys.exit(str(refused))
    except Exception as error:
        _tell(f"{type(error).__name__}: {error}")
        raise


def _tell(reason: str) -> None:
    if place := os.environ.get(MESSAGE):
        _write(Path(place), reason)
    if folder := os.environ.get(OUTPUT):
        _write(Path(folder, "failure"), reason)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
