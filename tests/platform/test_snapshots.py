"""A change of resources, permissions, retention or cost shows as a readable diff; a change of code alone does not.

`make snapshots` writes the files anew.
"""

import json
import os
import re
from pathlib import Path

import pytest

from tests.conftest import ENVIRONMENTS, Template, templates_of

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
STACKS = ("Api", "Archive", "ModelBuild", "Ocr", "PlateRuns", "RoomDetection", "Search", "Storage")


def normalised(template: Template) -> str:
    """The template with sorted keys, without asset hashes and without the hash at the end of logical ids."""
    text = json.dumps(template, indent=1, sort_keys=True)
    text = re.sub(r"[0-9a-f]{64}", "<hash>", text)
    names = sorted(template["Resources"], key=len, reverse=True)
    for name in names:
        text = re.sub(rf"{name}(?![0-9A-Za-z])", re.sub(r"[0-9A-F]{8}$", "", name), text)
    return re.sub(r"(ExportsOutput\w*?)[0-9A-F]{8}(\w*?)[0-9A-F]{8}\b", r"\1\2", text) + "\n"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_as_it_was_reviewed(environment: str, stack: str) -> None:
    snapshot = SNAPSHOTS / environment / f"{stack}.json"
    now = normalised(templates_of(environment)[stack])
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.parent.mkdir(parents=True, exist_ok=True)
        snapshot.write_text(now)
    assert now == snapshot.read_text(), "run `make snapshots` and review the difference"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_stack_has_a_snapshot(environment: str) -> None:
    assert tuple(templates_of(environment)) == STACKS


def test_no_two_resources_share_a_normalised_name() -> None:
    for template in templates_of("prod").values():
        names = [re.sub(r"[0-9A-F]{8}$", "", name) for name in template["Resources"]]
        assert len(names) == len(set(names))
