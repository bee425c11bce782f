"""Seeded plans on disk: `python -m tools.room_detection_model.dataset FOLDER --plans 6000`."""

import argparse
from multiprocessing import Pool
from pathlib import Path

import cv2
import numpy as np

from tools.room_detection_model.canvas import Gray
from tools.room_detection_model.drawing import FIRST_ROOM, OPENING, OUT, WALL, draw
from tools.room_detection_model.layout import random_layout
from tools.room_detection_model.partition import Random
from tools.room_detection_model.spoiling import spoil
from tools.room_detection_model.style import Style

SIDE = 704  # pixels
CORE = 4
DEPTH_OF_CORE = 5.0  # pixels of the half-size truth from a room's border, less in narrow rooms


def example(seed: int) -> tuple[Gray, Gray]:
    """One drawing (SIDE, SIDE) and its classes at half its size."""
    random = np.random.default_rng(seed)
    drawing, truth = drawn(random)
    return spoil(random, drawing), classes(truth)


def drawn(random: Random) -> tuple[Gray, Gray]:
    """A clean drawing of one plan, or of two storeys side by side, with its truth."""
    storeys = int(random.choice([1, 2], p=[0.88, 0.12]))
    style = Style.random(random)
    plans = [draw(random, random_layout(random), SIDE, SIDE // storeys, style) for _ in range(storeys)]
    return np.hstack([drawing for drawing, _ in plans]), np.hstack([truth for _, truth in plans])


def classes(truth: Gray) -> Gray:
    """Half-size classes: where a block of four pixels is not all of one room it is border."""
    blocks = np.stack([truth[y::2, x::2] for y in (0, 1) for x in (0, 1)])
    low, high = blocks.min(axis=0), blocks.max(axis=0)
    rooms = np.where(low == high, low, np.uint8(WALL))
    rooms[(low != high) & (blocks == OPENING).any(axis=0)] = OPENING
    rooms[(low == OUT) & (high >= FIRST_ROOM)] = WALL
    inside = (rooms >= FIRST_ROOM).astype(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    deepest = np.zeros(256, np.float32)
    np.maximum.at(deepest, rooms.ravel(), depth.ravel())
    core = (inside > 0) & (depth >= np.minimum(DEPTH_OF_CORE, 0.5 * deepest[rooms]))
    found = np.minimum(rooms, FIRST_ROOM)
    found[core] = CORE
    return np.asarray(found, np.uint8)


def write(folder: Path, plans: int, first_seed: int, workers: int) -> None:
    """`drawings.npy` and `classes.npy`, row i from seed `first_seed + i`."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = (plans, SIDE, SIDE)
    drawings = np.lib.format.open_memmap(folder / "drawings.npy", "w+", np.uint8, shape)
    truths = np.lib.format.open_memmap(folder / "classes.npy", "w+", np.uint8, (plans, SIDE // 2, SIDE // 2))
    with Pool(workers, cv2.setNumThreads, (1,)) as pool:
        seeds = range(first_seed, first_seed + plans)
        for row, (drawing, truth) in enumerate(pool.imap(example, seeds, chunksize=8)):
            drawings[row], truths[row] = drawing, truth
            if row % 200 == 0:
                print(f"{row} of {plans} plans", flush=True)


if __name__ == "__main__":
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("folder", type=Path)
    flags.add_argument("--plans", type=int, default=6000)
    flags.add_argument("--first-seed", type=int, default=0)
    flags.add_argument("--workers", type=int, default=2)
    write(**vars(flags.parse_args()))
