"""Rooms found in process: files and folders in, one answer per blueprint out, none of them stopping the others."""

import itertools
import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from cli.trouble import Trouble
from containers.room_detection import images, overlay
from containers.room_detection.inference import detect_file
from containers.room_detection.limits import Limits, RefusedBlueprint
from lambdas.room_detection.blueprints import CONTENT_TYPES

Done = dict[str, Any]


def blueprints_in(paths: list[Path]) -> list[Path]:
    """The files named, and the blueprints in the folders named, in order, each once."""
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise Trouble(f"{path} does not exist.")
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in CONTENT_TYPES) if path.is_dir() else [path]
        found.update(dict.fromkeys(inside))
    if not found:
        raise Trouble(f"No blueprints in {', '.join(map(str, paths))}: they end in {', '.join(CONTENT_TYPES)}.")
    return list(found)


def detect_all(files: list[Path], *, out: Path, overlay: bool, dpi: int, processes: int) -> Iterator[Done]:
    """What came of each file, as it comes; `reason` says why there is no answer."""
    out.mkdir(parents=True, exist_ok=True)
    limits = replace(Limits.from_environ(), pdf_dpi=dpi)
    work = partial(_detect, limits=limits, overlay=overlay)
    targets = dict(zip(files, _stems(files, out), strict=True))
    if processes == 1 or len(files) == 1:
        yield from (work(file, target) for file, target in targets.items())
        return
    with ProcessPoolExecutor(min(processes or os.cpu_count() or 1, len(files))) as pool:
        running = {pool.submit(work, file, target): file for file, target in targets.items()}
        yield from (one.result() for one in as_completed(running))


def draw_pages(file: Path, answer: dict[str, Any], target: Path, limits: Limits) -> list[Path]:
    """Draw an answer over its pages: `<target>.overlay.png`, numbered where there are several."""
    drawn = []
    with file.open("rb") as opened:
        for number, page in enumerate(images.pages(opened, limits), start=1):
            rooms = [room for room in answer["rooms"] if room["page"] == number]
            suffix = f".page_{number}.overlay.png" if len(answer["pages"]) > 1 else ".overlay.png"
            drawn.append(target.with_name(target.name + suffix))
            cv2.imwrite(str(drawn[-1]), cv2.cvtColor(overlay.draw(page.pixels, rooms), cv2.COLOR_RGB2BGR))
    return drawn


def _detect(file: Path, target: Path, *, limits: Limits, overlay: bool) -> Done:
    begun = time.perf_counter()
    try:
        answer = detect_file(file, limits)
    except RefusedBlueprint as refused:
        return {"file": str(file), "reason": refused.reason}
    except OSError as error:
        return {"file": str(file), "reason": f"The file cannot be read: {error.strerror}."}
    ms = round(1000 * (time.perf_counter() - begun))
    target.with_name(target.name + ".json").write_text(json.dumps(answer, ensure_ascii=False))
    if overlay:
        draw_pages(file, answer, target, limits)
    return {"file": str(file), "pages": len(answer["pages"]), "rooms": len(answer["rooms"]), "ms": ms}


def _stems(files: list[Path], out: Path) -> list[Path]:
    """Where each answer goes: by the file's stem, with a number where several have the same."""
    names: list[str] = []
    for file in files:
        numbered = (f"{file.stem}.{number}" for number in itertools.count(2))
        names.append(next(name for name in itertools.chain([file.stem], numbered) if name not in names))
    return [out / name for name in names]
