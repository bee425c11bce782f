"""A blueprint file → its pages as pixels, decoded by a process of its own with limits on time and memory."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from containers.room_detection.formats import HEAD_BYTES, format_of
from containers.room_detection.limits import Limits, RefusedBlueprint

HOUSE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Page:
    """One page as a person sees it: gray (h, w) or RGB (h, w, 3); dpi is set where a PDF page was drawn."""

    pixels: NDArray[np.uint8]
    dpi: int | None = None


def pages(file: BinaryIO, limits: Limits) -> Iterator[Page]:
    """Page after page, so that one is in memory at a time; whatever the file holds, only RefusedBlueprint is raised."""
    limits.check_bytes(_size(file))
    format_of(_head(file))
    with ExitStack() as closing:
        source = closing.enter_context(_on_disk(file))
        decoder = closing.enter_context(_decoder(source, limits))
        while (header := _header(decoder)) is not None:
            yield Page(_turned(_pixels(decoder, header), header["orientation"]), header["dpi"])


def _size(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEAD_BYTES)


@contextmanager
def _on_disk(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file itself where the system knows it, a temporary copy of what is only in memory."""
    file.seek(0)
    try:
        file.fileno()
    except OSError:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            yield copy
    else:
        yield file


@contextmanager
def _decoder(file: BinaryIO, limits: Limits) -> Iterator["subprocess.Popen[bytes]"]:
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", "containers.room_detection.decoder", json.dumps(asdict(limits))],
        cwd=HOUSE,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdin=file.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _header(decoder: "subprocess.Popen[bytes]") -> dict[str, Any] | None:
    """The next page's line; None after the last page."""
    line = _output(decoder).readline()
    header = json.loads(line) if line.endswith(b"\n") else _failure(decoder)
    if "refused" in header:
        raise RefusedBlueprint(header["refused"], header["status"])
    return None if "end" in header else header


def _pixels(decoder: "subprocess.Popen[bytes]", header: dict[str, Any]) -> NDArray[np.uint8]:
    shape = header["height"], header["width"], header["channels"]
    pixels = np.empty(shape, np.uint8)
    if _output(decoder).readinto(pixels.data.cast("B")) < pixels.size:
        _failure(decoder)
    return pixels[..., 0] if header["channels"] == 1 else pixels


def _output(decoder: "subprocess.Popen[bytes]") -> BufferedReader:
    return cast("BufferedReader", decoder.stdout)


def _failure(decoder: "subprocess.Popen[bytes]") -> dict[str, Any]:
    if decoder.wait() == -signal.SIGXCPU:
        raise RefusedBlueprint("The file takes too long to read: send it at a lower resolution or with less detail.")
    raise RefusedBlueprint("The file is damaged: it cannot be read. Export it again.")


def _turned(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """As EXIF says: 2, 4, 5 and 7 are mirrored, then all are turned by quarters."""
    if orientation in {2, 4, 5, 7}:
        pixels = pixels[:, ::-1]
    return np.rot90(pixels, {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0))
