"""Plans with known rooms → a table by source: `python -m benchmarks.room_detection PLANS [--sheet OUT.png]`."""

import argparse
import importlib.util
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.detector import detect
from containers.room_detection.images import pages
from containers.room_detection.limits import Limits
from containers.room_detection.overlay import draw

Score = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
THUMBNAIL = 480
COLUMNS = (
    "source",
    "plans",
    "rooms",
    "found",
    "mask .5",
    "mask .75",
    "box .5",
    "detect ms/MP",
    "decode ms/MP",
    "seconds",
)


@dataclass(frozen=True)
class Result:
    """One plan: what was found, how long it took and how it scored."""

    source: str
    megapixels: float
    decode_seconds: float
    detect_seconds: float
    score: dict[str, Any]


def benchmark(plans: Path, predictions: Path, sheet: Path | None) -> list[Result]:
    """Detect every plan of the folder, write its prediction, score it."""
    score = _scorer(plans.parent / "score.py")
    predictions.mkdir(parents=True, exist_ok=True)
    results, thumbnails = [], []
    for truth_file in sorted(plans.glob("*.json")):
        truth = json.loads(truth_file.read_text())
        pixels, prediction = _prediction(plans / truth["image"])
        (predictions / truth_file.name).write_text(json.dumps(prediction))
        if sheet:
            thumbnails.append(_thumbnail(draw(pixels, prediction["rooms"])))
        timing = prediction["decode_s"], prediction["time_s"]
        results.append(
            Result(_family(truth["source"]), pixels.shape[0] * pixels.shape[1] / 1e6, *timing, score(truth, prediction))
        )
    if sheet:
        cv2.imwrite(str(sheet), cv2.cvtColor(_contact_sheet(thumbnails), cv2.COLOR_RGB2BGR))
    return results


def table(results: list[Result]) -> Iterator[str]:
    """Rows of text: all plans, then source by source."""
    by_source = defaultdict(list)
    for result in results:
        by_source["all"].append(result)
        by_source[result.source].append(result)
    yield "".join(f"{column:>14}" for column in COLUMNS)
    for source, of_source in by_source.items():
        yield "".join(f"{cell:>14}" for cell in _row(source, of_source))


def _row(source: str, results: list[Result]) -> list[str]:
    scores = [result.score for result in results]
    megapixels = sum(result.megapixels for result in results)
    detect_seconds = sum(result.detect_seconds for result in results)
    decode_seconds = sum(result.decode_seconds for result in results)
    counts = [str(len(results)), *(str(sum(score[key] for score in scores)) for key in ("n_gt", "n_pred"))]
    qualities = [_mean_f1(scores, key) for key in ("mask50", "mask75", "box50")]
    speeds = [f"{1000 * seconds / megapixels:.0f}" for seconds in (detect_seconds, decode_seconds)]
    return [source, *counts, *qualities, *speeds, f"{detect_seconds + decode_seconds:.1f}"]


def _mean_f1(scores: list[dict[str, Any]], key: str) -> str:
    judged = [score[key][3] for score in scores if key in score]
    return f"{np.mean(judged):.3f}" if judged else "-"


def _prediction(image: Path) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    start = time.perf_counter()
    with image.open("rb") as file:
        [page] = pages(file, Limits())
    decoded = time.perf_counter()
    rooms = detect(page.pixels)
    done = time.perf_counter()
    described = [
        {"id": str(number), "polygon": room.polygon.round(1).tolist(), "confidence": room.confidence}
        for number, room in enumerate(rooms, start=1)
    ]
    return page.pixels, {"rooms": described, "decode_s": decoded - start, "time_s": done - decoded}


def _scorer(path: Path) -> Score:
    """`score_image` of the script that comes with the plans."""
    spec = importlib.util.spec_from_file_location("score", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise SystemExit(f"There is no {path}: the plans' scorer is expected beside their folder.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    score: Score = module.score_image
    return score


def _family(source: str) -> str:
    return source.split("_", 1)[0]


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = THUMBNAIL / max(image.shape[:2])
    small = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    framed = np.full((THUMBNAIL + 8, THUMBNAIL + 8, 3), 128, np.uint8)
    framed[: small.shape[0], : small.shape[1]] = small
    return framed


def _contact_sheet(thumbnails: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    across = max(1, round(len(thumbnails) ** 0.5))
    blank = np.full_like(thumbnails[0], 128)
    padded = thumbnails + [blank] * (-len(thumbnails) % across)
    rows = [np.hstack(padded[start : start + across]) for start in range(0, len(padded), across)]
    return np.vstack(rows)


def parser() -> argparse.ArgumentParser:
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("plans", type=Path, help="a folder of pictures, each with its <name>.json of known rooms")
    flags.add_argument("--predictions", type=Path, default=Path(".loupe/room_detection"), help="where answers go")
    flags.add_argument("--sheet", type=Path, help="draw all answers on one picture")
    return flags


if __name__ == "__main__":
    cv2.setNumThreads(1)
    print("\n".join(table(benchmark(**vars(parser().parse_args())))))
