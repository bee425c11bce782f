"""Rooms found and rooms known → how well, how fast, and how far confidence can be believed."""

import importlib.util
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.plans import HALVES, Plan

Truth = dict[str, Any]
FoundRoom = dict[str, Any]
Judged = tuple[float, bool]  # confidence, and whether a known room is matched
MATCHED = 0.5
CONFIDENCE_EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SMALL_MEGAPIXELS, LARGE_MEGAPIXELS = 1.5, 8.0
PROMISED_MS = 100.0


@dataclass(frozen=True)
class Result:
    """One plan: the rooms found, their score, whether each matches a known one, and the CPU time of it all."""

    plan: Plan
    megapixels: float
    decode_ms: float
    detect_ms: float
    rooms: list[FoundRoom]
    score: dict[str, Any]
    judged: list[Judged]

    def f1(self) -> float:
        """By masks where the known rooms have outlines, else by boxes."""
        return float(self.score.get("mask50", self.score["box50"])[3])


Results = dict[str, list[Result]]
OURS, PEER = "ours", "Otsu (peer)"


@dataclass(frozen=True)
class Summary:
    """What the table says of some plans; None where there is nothing to judge by."""

    plans: int
    rooms: int
    found: int
    mask_f1_50: float | None
    mask_f1_75: float | None
    box_f1_50: float | None
    precision_50: float | None
    recall_50: float | None
    split_rooms: int
    merged_rooms: int
    detect_ms_per_mp: float
    decode_ms_per_mp: float
    median_detect_ms: float
    worst_detect_ms: float


@dataclass(frozen=True)
class Promise:
    """A limit in CPU milliseconds, and how the plans that it is about keep it."""

    about: str
    plans: int
    median_ms: float
    worst_ms: float
    worst_plan: str
    promised_ms: float
    kept_by: int


@dataclass(frozen=True)
class Bin:
    """Rooms found with a confidence in this range, and the share of them that match a known room."""

    confidence_from: float
    confidence_to: float
    rooms: int
    mean_confidence: float | None
    matched_share: float | None


def load_scorer(path: Path) -> ModuleType:
    """The script that comes with the plans."""
    spec = importlib.util.spec_from_file_location("score", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise SystemExit(f"There is no {path}: the plans' scorer is expected beside their folder.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge(scorer: ModuleType, truth: Truth, rooms: list[FoundRoom]) -> list[Judged]:
    """Confidence and whether it matches a known room, for each room found that the scorer counts."""
    iou = _box_iou(scorer, truth, rooms) if _boxes_only(truth) else _mask_iou(scorer, truth, rooms)
    counted = np.flatnonzero(~_ignored(scorer, truth, rooms, iou))
    matched = {int(column) for _, column in scorer.match(iou[:, counted], MATCHED)}
    return [(float(rooms[index]["confidence"]), column in matched) for column, index in enumerate(counted)]


def _boxes_only(truth: Truth) -> bool:
    return any(room.get("polygon") is None for room in truth["rooms"])


def _box_iou(scorer: ModuleType, truth: Truth, rooms: list[FoundRoom]) -> NDArray[np.float64]:
    boxes = ([room["bbox"] for room in side] for side in (truth["rooms"], rooms))
    return np.asarray(scorer.box_iou(*boxes), np.float64)


def _mask_iou(scorer: ModuleType, truth: Truth, rooms: list[FoundRoom]) -> NDArray[np.float64]:
    known, found = (scorer.masks(side, truth["width"], truth["height"]) for side in (truth["rooms"], rooms))
    shared = np.asarray(scorer.inter(known, found), np.float64)
    return shared / np.maximum(_areas(known)[:, None] + _areas(found)[None] - shared, 1)


def _ignored(scorer: ModuleType, truth: Truth, rooms: list[FoundRoom], iou: NDArray[np.float64]) -> NDArray[np.bool_]:
    """As the scorer does: half inside a region to ignore, and no match for any known room."""
    regions, found = (
        scorer.masks(side, truth["width"], truth["height"]) for side in (truth.get("ignore") or [], rooms)
    )
    covered = np.asarray(scorer.inter(regions, found), np.float64).sum(axis=0) / np.maximum(_areas(found), 1)
    return np.asarray((covered >= 0.5) & (iou.max(axis=0, initial=0) < MATCHED), np.bool_)


def _areas(masks: Sequence[tuple[Any, ...]]) -> NDArray[np.float64]:
    return np.array([mask[3] for mask in masks], np.float64)


def summarize(results: list[Result]) -> Summary:
    scores = [result.score for result in results]
    detect = [result.detect_ms for result in results]
    megapixels = sum(result.megapixels for result in results)
    return Summary(
        plans=len(results),
        rooms=sum(score["n_gt"] for score in scores),
        found=sum(score["n_pred"] for score in scores),
        mask_f1_50=_mean(scores, "mask50", 3),
        mask_f1_75=_mean(scores, "mask75", 3),
        box_f1_50=_mean(scores, "box50", 3),
        precision_50=_mean(scores, "mask50", 1),
        recall_50=_mean(scores, "mask50", 2),
        split_rooms=sum(score.get("over", 0) for score in scores),
        merged_rooms=sum(score.get("under", 0) for score in scores),
        detect_ms_per_mp=sum(detect) / megapixels,
        decode_ms_per_mp=sum(result.decode_ms for result in results) / megapixels,
        median_detect_ms=statistics.median(detect),
        worst_detect_ms=max(detect),
    )


def _mean(scores: list[dict[str, Any]], key: str, place: int) -> float | None:
    """The mean over the plans that can be judged so."""
    judged = [float(score[key][place]) for score in scores if key in score]
    return statistics.fmean(judged) if judged else None


def halves_gap(results: list[Result]) -> float | None:
    """Mask F1 of the tuning half less that of the check half."""
    tuning, check = (_mean([r.score for r in results if r.plan.half == half], "mask50", 3) for half in HALVES)
    return None if tuning is None or check is None else tuning - check


def promises(results: list[Result]) -> list[Promise]:
    """What is promised of small plans and of large ones; none where there are no such plans."""
    small = {r.plan.name: r.detect_ms for r in results if r.megapixels <= SMALL_MEGAPIXELS}
    large = {r.plan.name: r.detect_ms - r.decode_ms for r in results if r.megapixels >= LARGE_MEGAPIXELS}
    about = {
        f"up to {SMALL_MEGAPIXELS:g} MP: detect": small,
        f"from {LARGE_MEGAPIXELS:g} MP: detect less decode": large,
    }
    return [_promise(words, times) for words, times in about.items() if times]


def _promise(about: str, times: dict[str, float]) -> Promise:
    worst = max(times, key=times.__getitem__)
    kept_by = sum(time <= PROMISED_MS for time in times.values())
    median = statistics.median(times.values())
    return Promise(about, len(times), median, times[worst], worst, PROMISED_MS, kept_by)


def reliability(judged: list[Judged]) -> list[Bin]:
    return [confident(judged, low, high) for low, high in pairwise(CONFIDENCE_EDGES)]


def confident(judged: list[Judged], low: float, high: float = 1.0) -> Bin:
    """The rooms from one confidence up to, but without, another; certainty belongs to the last bin."""
    inside = [room for room in judged if low <= room[0] < high or high == room[0] == 1]
    if not inside:
        return Bin(low, high, 0, None, None)
    confidences, matches = zip(*inside, strict=True)
    return Bin(low, high, len(inside), statistics.fmean(confidences), statistics.fmean(matches))
