"""Plans with known rooms → how well and how fast rooms are found: `python -m benchmarks.room_detection PLANS`."""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from benchmarks import peers
from benchmarks.contact_sheet import chosen, contact_sheet
from benchmarks.plans import HALVES, Plan, load_plans, page_of
from benchmarks.report import as_json, report
from benchmarks.scoring import OURS, PEER, FoundRoom, Result, Results, judge, load_scorer
from containers.room_detection.detector import Room, detect

Image = NDArray[np.uint8]
Detector = Callable[[Image], list[Room]]
Outcome = TypeVar("Outcome")
DETECTORS: dict[str, Detector] = {OURS: detect, PEER: peers.otsu}
WARM_UP = Path(__file__).parents[1] / "examples" / "listing.png"
WIDTH = 140  # a narrower terminal breaks lines, which is better than numbers cut short


def measure(folder: Path) -> Results:
    """Every detector on every plan; progress is shown between plans only, for it would count as CPU time."""
    plans = load_plans(folder)
    scorer = load_scorer(folder.absolute().parent / "score.py")
    results: Results = {name: [] for name in DETECTORS}
    _warm_up()
    console = Console(stderr=True)
    for plan in track(plans, "Measuring plans", console=console, auto_refresh=False, disable=not console.is_terminal):
        page, decode_ms = page_of(plan), _decode_ms(plan)
        for name, detector in DETECTORS.items():
            results[name].append(_result(plan, page, decode_ms, detector, scorer))
    return results


def cpu_ms(work: Callable[[], Outcome]) -> tuple[float, Outcome]:
    """What this process computed for it, whatever else the machine is busy with."""
    begun = time.process_time()
    outcome = work()
    return 1000 * (time.process_time() - begun), outcome


def _warm_up() -> None:
    cv2.setNumThreads(1)
    picture = np.asarray(cv2.imread(str(WARM_UP)), np.uint8)
    for detector in DETECTORS.values():
        detector(picture)


def _decode_ms(plan: Plan) -> float:
    """In this process: the one that decodes for the product has a CPU time of its own."""
    encoded = np.frombuffer(plan.image.read_bytes(), np.uint8)
    took, _ = cpu_ms(partial(cv2.imdecode, encoded, cv2.IMREAD_UNCHANGED))
    return took


def _result(plan: Plan, page: Image, decode_ms: float, detector: Detector, scorer: ModuleType) -> Result:
    detect_ms, found = cpu_ms(partial(detector, page))
    rooms = [_described(room) for room in found]
    score = scorer.score_image(plan.truth, {"rooms": rooms})
    megapixels = page.shape[0] * page.shape[1] / 1e6
    return Result(plan, megapixels, decode_ms, detect_ms, rooms, score, judge(scorer, plan.truth, rooms))


def _described(room: Room) -> FoundRoom:
    polygon = room.polygon.round(1)
    box = np.concatenate([polygon.min(axis=0), polygon.max(axis=0)])
    return {"polygon": polygon.tolist(), "bbox": box.tolist(), "confidence": room.confidence}


def write_predictions(results: list[Result], folder: Path) -> None:
    """One file per plan, as the plans' scorer reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        seconds = {"decode_s": result.decode_ms / 1000, "time_s": result.detect_ms / 1000}
        (folder / f"{result.plan.name}.json").write_text(json.dumps({"rooms": result.rooms, **seconds}))


def write_sheet(results: list[Result], path: Path) -> None:
    if not results:
        raise SystemExit(f"{path} is not drawn: this half holds no plans.")
    cv2.imwrite(str(path), cv2.cvtColor(contact_sheet(results), cv2.COLOR_RGB2BGR))


def writable(path: str) -> Path:
    """A file to write at the end of a long run: whether that can be is said before it."""
    if Path(path).is_dir() or not Path(path).absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"no file can be written at {path}.")
    return Path(path)


def picture(path: str) -> Path:
    if Path(path).suffix.lower() not in {".png", ".jpg", ".jpeg", ".webp"}:
        raise argparse.ArgumentTypeError(f"{path} does not end in .png, .jpg or .webp.")
    return writable(path)


def count(words: str) -> int:
    if not words.isdecimal() or int(words) < 1:
        raise argparse.ArgumentTypeError(f"{words} is no number of plans.")
    return int(words)


def parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(prog="python -m benchmarks.room_detection", description=__doc__)
    flags.add_argument("plans", type=Path, help="a folder of pictures, each with its <name>.json of known rooms")
    flags.add_argument("--predictions", type=Path, default=Path(".loupe/room_detection"), help="where answers go")
    flags.add_argument("--json", type=writable, help="write everything measured to this file")
    flags.add_argument("--sheet", type=picture, help="draw known rooms beside ours on one picture")
    flags.add_argument("--half", choices=[*HALVES, "all"], default=HALVES[0], help="the plans that the sheet shows")
    flags.add_argument("--worst", type=count, metavar="N", help="the sheet shows only the N worst of them")
    return flags


def main() -> None:
    flags = parser().parse_args()
    results = measure(flags.plans)
    console = Console(width=WIDTH)
    for part in report(results):
        console.print(part, highlight=False)
    write_predictions(results[OURS], flags.predictions)
    if flags.json:
        flags.json.write_text(json.dumps(as_json(results), indent=1))
    if flags.sheet:
        write_sheet(chosen(results[OURS], flags.half, flags.worst), flags.sheet)


if __name__ == "__main__":
    main()
