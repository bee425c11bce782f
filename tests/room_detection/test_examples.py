"""The committed samples are what the script draws, and the detector reads them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from containers.room_detection.inference import detect_file
from examples.draw import HERE, samples
from loupe.contracts import check

DRAWN = dict(samples())
BLUEPRINTS = sorted(name for name in DRAWN if not name.endswith(".json"))


@pytest.mark.parametrize("name", DRAWN)
def test_a_sample_is_drawn_again_byte_for_byte(name: str) -> None:
    assert (HERE / name).read_bytes() == DRAWN[name]


def test_every_sample_in_the_folder_is_one_that_is_drawn() -> None:
    committed = {path.name for path in HERE.iterdir() if path.suffix in {".png", ".jpg", ".pdf", ".json"}}
    assert committed - {"project_tree.json"} == set(DRAWN)


def test_another_process_draws_the_same(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "examples.draw", str(tmp_path)], cwd=HERE.parent, check=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == DRAWN


def test_the_samples_are_small_and_one_is_large_enough_to_be_real() -> None:
    assert sum(len(body) for body in DRAWN.values()) < 3_000_000
    assert max(truth["width"] * truth["height"] for truth in truths().values()) > 2_000_000


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_the_detector_answers_every_sample_in_the_words_of_the_contract(name: str) -> None:
    answer = detect_file(HERE / name)
    check("room_detection/rooms", answer)
    assert [room["id"] for room in answer["rooms"]] == [f"room_{n:03d}" for n in range(1, len(answer["rooms"]) + 1)]
    for page in answer["pages"]:
        shares = [room["area_share"] for room in answer["rooms"] if room["page"] == page["page"]]
        assert sum(shares) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("name", "least"), [("flat.png", 9), ("office.png", 9), ("scan.jpg", 6), ("cyanotype.jpg", 5)])
def test_the_detector_finds_the_rooms_that_a_sample_is_known_to_hold(name: str, least: int) -> None:
    rooms = detect_file(HERE / name)["rooms"]
    known = truths()[f"{Path(name).stem}.rooms.json"]["rooms"]
    best = [max(overlap(truth["polygon"], room["polygon"]) for room in rooms) for truth in known]
    assert sum(value >= 0.5 for value in best) >= least


def test_rooms_are_numbered_in_reading_order() -> None:
    boxes = [room["bounding_box"] for room in detect_file(HERE / "flat.png")["rooms"]]
    rows = [box[1] // 20 for box in boxes]
    assert rows == sorted(rows)


def test_a_pdf_answers_page_by_page() -> None:
    answer = detect_file(HERE / "house.pdf")
    assert [(page["page"], page["dpi"]) for page in answer["pages"]] == [(1, 200), (2, 200)]
    numbers = [room["page"] for room in answer["rooms"]]
    assert numbers == sorted(numbers)
    assert [(page["width"], page["height"]) for page in answer["pages"]] == [
        (truth["width"], truth["height"]) for name, truth in truths().items() if name.startswith("house")
    ]


def truths() -> dict[str, Any]:
    return {name: json.loads(body) for name, body in DRAWN.items() if name.endswith(".rooms.json")}


def overlap(one: list[list[float]], other: list[list[float]]) -> float:
    """Intersection over union."""
    size = int(np.max(one + other)) + 2
    a, b = painted(one, size), painted(other, size)
    return float((a & b).sum() / (a | b).sum())


def painted(polygon: list[list[float]], size: int) -> NDArray[np.uint8]:
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 1)
    return mask
