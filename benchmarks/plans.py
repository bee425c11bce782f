"""A folder of plans with known rooms → the plans, half of them for tuning and half kept unseen."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from containers.room_detection.images import pages
from containers.room_detection.limits import Limits, RefusedBlueprint

HALVES = ("tuning", "check")


@dataclass(frozen=True)
class Plan:
    """One picture, the rooms known to be on it, and the half that it belongs to."""

    name: str
    image: Path
    truth: dict[str, Any]
    family: str
    half: str


def load_plans(folder: Path) -> list[Plan]:
    """The plans by name; within each family they go to the halves in turn."""
    truths = {path.stem: truth for path in sorted(folder.glob("*.json")) if (truth := _truth(path))}
    if not truths:
        raise SystemExit(f"There are no plans in {folder}: each is a picture beside its <name>.json with rooms.")
    families = {name: family_of(truth["source"]) for name, truth in truths.items()}
    halves = split(families)
    return [Plan(name, folder / truth["image"], truth, families[name], halves[name]) for name, truth in truths.items()]


def family_of(source: str) -> str:
    """Sources drawn alike count as one; the architects' plans differ too much for that."""
    return source if source.startswith("cvcfp") else source.split("_", maxsplit=1)[0]


def split(families: dict[str, str]) -> dict[str, str]:
    """Plan → half: in each family, by name, every other plan is for tuning."""
    members = defaultdict(list)
    for name in sorted(families):
        members[families[name]].append(name)
    return {name: HALVES[place % 2] for names in members.values() for place, name in enumerate(names)}


def page_of(plan: Plan) -> NDArray[np.uint8]:
    """The plan's pixels, as the product reads them."""
    try:
        with plan.image.open("rb") as file:
            return next(pages(file, Limits())).pixels
    except OSError as error:
        raise SystemExit(f"{plan.image} cannot be read: {error.strerror}.") from error
    except RefusedBlueprint as refused:
        raise SystemExit(f"{plan.image} cannot be read: {refused.reason}") from refused


def _truth(path: Path) -> dict[str, Any] | None:
    """None for JSON that is about something else."""
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise SystemExit(f"{path} is not JSON: {error}.") from error
    return found if isinstance(found, dict) and "rooms" in found else None
