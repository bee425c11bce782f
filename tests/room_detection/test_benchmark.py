"""The benchmark divides plans the same way every time, and its peer is a fair one."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.contact_sheet import chosen, contact_sheet
from benchmarks.peers import otsu
from benchmarks.plans import family_of, load_plans, split
from benchmarks.room_detection import measure
from benchmarks.scoring import OURS, Result, confident, halves_gap, reliability

PLANS = Path(os.environ.get("LOUPE_PLANS", ""))
FAMILIES = {f"{family}_{number}": family for number in range(5) for family in ("estate", "scan", "cvcfp_black")}


@pytest.mark.skipif(not PLANS.name, reason="LOUPE_PLANS names no folder of plans with known rooms")
def test_the_detector_keeps_its_score_on_real_plans() -> None:
    ours = measure(PLANS)[OURS]
    assert np.mean([result.score["mask50"][3] for result in ours if "mask50" in result.score]) >= 0.6
    for result in ours:
        matched = result.score.get("mask50", result.score["box50"])[0]
        assert len(result.judged) == result.score["n_pred"]
        assert sum(found for _, found in result.judged) == matched


def test_every_plan_is_in_one_half_and_every_family_in_both() -> None:
    halves = split(FAMILIES)
    assert halves.keys() == FAMILIES.keys()
    for family in set(FAMILIES.values()):
        assert [halves[f"{family}_{number}"] for number in range(5)] == ["tuning", "check"] * 2 + ["tuning"]


def test_the_halves_do_not_depend_on_the_order_of_plans() -> None:
    assert split(dict(reversed(FAMILIES.items()))) == split(FAMILIES)


def test_sources_drawn_alike_are_one_family_but_architects_stay_apart() -> None:
    sources = ["r2v_thin", "r2v_scan", "r3d", "cvcfp_black", "cvcfp_textured1"]
    assert [family_of(source) for source in sources] == ["r2v", "r2v", "r3d", "cvcfp_black", "cvcfp_textured1"]


@pytest.mark.parametrize("turns", [0, 1])
def test_the_peer_finds_the_rooms_of_a_drawn_plan(turns: int) -> None:
    rooms = otsu(np.rot90(two_rooms(), turns))
    assert sorted(room.area for room in rooms) == pytest.approx([180 * 190, 200 * 190], rel=0.03)


def test_certainty_belongs_to_the_last_bin_and_every_room_to_one() -> None:
    judged = [(0.0, False), (0.5, True), (0.8, True), (0.95, True), (1.0, False)]
    bins = reliability(judged)
    assert [found.rooms for found in bins] == [1, 1, 0, 0, 1, 2]
    assert bins[-1].matched_share == 0.5
    assert confident(judged, 0.8).matched_share == pytest.approx(2 / 3)


def test_a_sheet_shows_only_the_half_asked_for_worst_first(tmp_path: Path) -> None:
    results = scored(tmp_path, [0.9, 0.1, 0.3, 0.2])
    assert [result.f1() for result in chosen(results, "tuning", None)] == [0.9, 0.3]
    assert [result.f1() for result in chosen(results, "all", 2)] == [0.1, 0.2]
    assert halves_gap(results) == pytest.approx(0.6 - 0.15)
    assert contact_sheet(chosen(results, "check", None)).ndim == 3


def test_a_folder_without_plans_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(SystemExit, match="There are no plans in"):
        load_plans(tmp_path)


def test_plans_without_their_scorer_are_said_in_a_sentence(tmp_path: Path) -> None:
    scored(tmp_path, [0.5])
    with pytest.raises(SystemExit, match="scorer is expected beside their folder"):
        measure(tmp_path)


def two_rooms() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """One wall between them, and no door."""
    image = np.full((300, 500), 255, np.uint8)
    cv2.rectangle(image, (50, 50), (449, 249), 0, 5)
    cv2.line(image, (240, 50), (240, 249), 0, 5)
    return image


def scored(folder: Path, f1s: list[float]) -> list[Result]:
    """Results as they would be with these scores, in the order of the plans' names."""
    for number, _ in enumerate(f1s):
        truth = {"image": f"{number}.png", "source": "drawn", "rooms": [{"bbox": [50, 50, 240, 250], "polygon": None}]}
        (folder / f"{number}.json").write_text(json.dumps(truth))
        cv2.imwrite(str(folder / f"{number}.png"), two_rooms())
    scores = [{"mask50": (1, f1, f1, f1), "box50": (1, f1, f1, f1)} for f1 in f1s]
    return [Result(plan, 0.15, 1.0, 2.0, [], score, []) for plan, score in zip(load_plans(folder), scores, strict=True)]
