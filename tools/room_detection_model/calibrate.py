"""Confidence fitted to plans that training has not seen: `python -m tools.room_detection_model.calibrate`."""

import argparse
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.boundaries import classify
from containers.room_detection.confidence import evidence
from containers.room_detection.parameters import Parameters
from containers.room_detection.regions import rooms_of
from tools.room_detection_model.dataset import drawn
from tools.room_detection_model.drawing import FIRST_ROOM
from tools.room_detection_model.spoiling import spoil

FIRST_SEED = 1_000_000


def examples(plans: int) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """For each plan the evidence of the rooms found, and which of them overlap a true one with IoU of 0.5 or more."""
    for seed in range(FIRST_SEED, FIRST_SEED + plans):
        random = np.random.default_rng(seed)
        drawing, truth = drawn(random)
        boundaries = classify(spoil(random, drawing))
        labels = rooms_of(boundaries, Parameters())
        true = truth[::2, ::2].astype(np.int64)
        count = int(labels.max()) + 1
        both = np.bincount((true * count + labels).ravel(), minlength=256 * count).reshape(256, count)
        union = both.sum(axis=0, keepdims=True) + both.sum(axis=1, keepdims=True) - both
        overlap = (both / np.maximum(union, 1))[FIRST_ROOM:].max(axis=0)
        large = np.flatnonzero(both.sum(axis=0) >= Parameters().smallest_room)
        large = large[large > 0]
        yield evidence(labels, boundaries)[large], overlap[large] >= 0.5


def fit(evidences: NDArray[np.float64], right: NDArray[np.bool_], rounds: int = 30) -> NDArray[np.float64]:
    """Weights of a logistic regression, by Newton's method with a little ridge."""
    inputs = np.column_stack([np.ones(len(evidences)), evidences])
    weights = np.zeros(inputs.shape[1])
    for _ in range(rounds):
        said = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (said - right) + 1e-2 * weights
        bend = (inputs * (said * (1 - said))[:, None]).T @ inputs + 1e-2 * np.eye(len(weights))
        weights -= np.linalg.solve(bend, slope)
    return weights


if __name__ == "__main__":
    flags = argparse.ArgumentParser(description=__doc__)
    flags.add_argument("--plans", type=int, default=300)
    cv2.setNumThreads(1)
    parts = list(examples(flags.parse_args().plans))
    weights = fit(np.concatenate([known for known, _ in parts]), np.concatenate([right for _, right in parts]))
    print(np.array2string(weights, precision=3, separator=", "))
