"""Rooms found in process: files and folders in, one answer per blueprint out, none of them stopping the others."""

import itertools
import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2

from cli.names import named
from cli.outputs import folder, new_file
from cli.trouble import Trouble
from containers.room_detection import images, overlay
from containers.room_detection.inference import detect_file
from containers.room_detection.limits import Limits, RefusedBlueprint
from lambdas.room_detection.blueprints import CONTENT_TYPES

Done = dict[str, Any]
DRAWN = ".overlay.png"
BYTES_PER_PROCESS = 2 << 30  # the largest page, its decoder and what the detector makes of it


def blueprints_in(paths: list[Path]) -> list[Path]:
    """The files named, and the blueprints in the folders named, in order, each once."""
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise Trouble(f"{path} does not exist.")
        found.update(dict.fromkeys(sorted(filter(_is_blueprint, path.rglob("*"))) if path.is_dir() else [path]))
    if not found:
        raise Trouble(f"No blueprints in {', '.join(map(str, paths))}: they end in {', '.join(CONTENT_TYPES)}.")
    return list(found)


def detect_all(
    files: list[Path], *, out: Path, overlay: bool, ocr: str | None, dpi: int, processes: int, force: bool
) -> Iterator[Done]:
    """What came of each file, as it comes; `reason` says why there is no answer, `warning` why there are no names."""
    limits = replace(Limits.from_environ(), pdf_dpi=dpi)
    work = partial(_detect, limits=limits, overlay=overlay, ocr=ocr, force=force)
    targets = dict(zip(files, _stems(files, folder(out)), strict=True))
    count = min(processes or _processes(), len(files))
    if count == 1:
        yield from (work(file, target) for file, target in targets.items())
        return
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_begin)
    try:
        running = {pool.submit(work, file, target): file for file, target in targets.items()}
        yield from (_outcome(one, running[one]) for one in as_completed(running))
    finally:
        pool.shutdown(cancel_futures=True)


def draw_pages(file: Path, answer: dict[str, Any], target: Path, limits: Limits, *, force: bool) -> list[Path]:
    """Draw an answer over its pages: `<target>.overlay.png`, numbered where there are several."""
    drawn = []
    with file.open("rb") as opened:
        for number, page in enumerate(images.pages(opened, limits), start=1):
            rooms = [room for room in answer["rooms"] if room["page"] == number]
            suffix = f".page_{number}{DRAWN}" if len(answer["pages"]) > 1 else DRAWN
            drawn.append(target.with_name(target.name + suffix))
            _, picture = cv2.imencode(".png", cv2.cvtColor(overlay.draw(page.pixels, rooms), cv2.COLOR_RGB2BGR))
            with new_file(drawn[-1], force=force) as written:
                written.write(picture.data)
    return drawn


def _is_blueprint(path: Path) -> bool:
    return path.suffix.lower() in CONTENT_TYPES and not path.name.endswith(DRAWN)


def _processes() -> int:
    """One per core, fewer where memory would not do for the largest blueprints."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(os.cpu_count() or 1, memory // BYTES_PER_PROCESS))


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command is interrupted and ends its processes
    cv2.setNumThreads(1)


def _outcome(ended: "Future[Done]", file: Path) -> Done:
    try:
        return ended.result()
    except BrokenProcessPool:
        return {"file": str(file), "reason": "A process was killed, perhaps for want of memory: try --jobs 1."}


def _detect(file: Path, target: Path, *, limits: Limits, overlay: bool, ocr: str | None, force: bool) -> Done:
    try:
        return _detected(file, target, limits=limits, overlay=overlay, ocr=ocr, force=force)
    except RefusedBlueprint as refused:
        reason = refused.reason
    except Trouble as trouble:
        reason = str(trouble)
    except OSError as error:
        reason = f"The file cannot be read: {error.strerror}."
    except Exception as error:  # whatever one file does to the detector, the others are looked at
        reason = f"The room detector failed on this blueprint: {error!r}"
    return {"file": str(file), "reason": reason}


def _detected(file: Path, target: Path, *, limits: Limits, overlay: bool, ocr: str | None, force: bool) -> Done:
    begun = time.perf_counter()
    answer = detect_file(file, limits)
    ms = round(1000 * (time.perf_counter() - begun))
    answer, said = _named(file, answer, ocr, limits) if ocr else (answer, {})
    with new_file(target.with_name(target.name + ".json"), force=force) as written:
        written.write(json.dumps(answer, ensure_ascii=False).encode())
    if overlay:
        draw_pages(file, answer, target, limits, force=force)
    return {"file": str(file), "pages": len(answer["pages"]), "rooms": len(answer["rooms"]), "ms": ms, **said}


def _named(file: Path, answer: dict[str, Any], ocr: str, limits: Limits) -> tuple[dict[str, Any], Done]:
    """The answer with names and how many; the answer as it is and why."""
    try:
        answer = named(file, answer, ocr, limits)
    except Trouble as trouble:
        return answer, {"warning": f"{trouble} The rooms are there, without names."}
    return answer, {"named": sum("name" in room for room in answer["rooms"])}


def _stems(files: list[Path], out: Path) -> list[Path]:
    """Where each answer goes: by the file's stem, with a number where several have the same."""
    names: list[str] = []
    for file in files:
        numbered = (f"{file.stem}.{number}" for number in itertools.count(2))
        names.append(next(name for name in itertools.chain([file.stem], numbered) if name not in names))
    return [out / name for name in names]
