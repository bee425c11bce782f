"""The process that opens a stranger's file, stdin → pages on stdout: when time or memory runs out, it ends alone."""

import json
import resource
import sys
from collections.abc import Iterator
from typing import BinaryIO

from containers.room_detection.formats import HEAD_BYTES, format_of
from containers.room_detection.limits import Limits, RefusedBlueprint
from containers.room_detection.pictures import RawPage

CPU_SECONDS_PER_PAGE = 60
BASE_BYTES = 512 << 20
BYTES_PER_PIXEL = 12  # a progressive JPEG's coefficients and its decoded pixels


def raw_pages(file: BinaryIO, limits: Limits) -> Iterator[RawPage]:
    """The pages of any supported file; whatever a decoder stumbles over becomes one sentence."""
    kind = format_of(file.read(HEAD_BYTES))
    file.seek(0)
    try:
        yield from _pages(file, kind, limits)
    except RefusedBlueprint:
        raise
    except MemoryError as error:
        raise RefusedBlueprint(f"The {kind} needs too much memory: send it at a lower resolution.", 413) from error
    except Exception as error:
        raise RefusedBlueprint(f"The {kind} is damaged or cut short: export it again.") from error


def _pages(file: BinaryIO, kind: str, limits: Limits) -> Iterator[RawPage]:
    if kind == "PDF":
        from containers.room_detection.documents import document_pages  # noqa: PLC0415  # pictures start sooner without

        return document_pages(file, limits)
    from containers.room_detection.pictures import picture_pages  # noqa: PLC0415

    return picture_pages(file, kind, limits)


def write_pages(file: BinaryIO, limits: Limits, out: BinaryIO) -> None:
    """Each page as a line of JSON and its bytes; the last line says that all went well, or why not."""
    _allow_memory(limits)
    try:
        _allow_time()
        for page in raw_pages(file, limits):
            _write(page, out)
            _allow_time()
        _line(out, {"end": True})
    except RefusedBlueprint as refusal:
        _line(out, {"refused": refusal.reason, "status": refusal.status})


def _write(page: RawPage, out: BinaryIO) -> None:
    header = {name: getattr(page, name) for name in ("width", "height", "channels", "orientation", "dpi")}
    _line(out, header)
    out.writelines(page.strips)


def _line(out: BinaryIO, message: dict[str, object]) -> None:
    out.write(json.dumps(message).encode() + b"\n")
    out.flush()


def _allow_memory(limits: Limits) -> None:
    most = BASE_BYTES + BYTES_PER_PIXEL * limits.max_megapixels * 1_000_000
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _allow_time() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU_SECONDS_PER_PAGE, hard))


if __name__ == "__main__":
    write_pages(sys.stdin.buffer, Limits(**json.loads(sys.argv[1])), sys.stdout.buffer)
