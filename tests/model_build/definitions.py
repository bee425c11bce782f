"""A definition as the stack would make it, in words: `python -m tests.model_build.definitions` prints it."""

import json
from collections.abc import Iterator
from typing import Any

from config import LAPTOP, ModelBuildConfig
from stacks.model_build_definition import Surroundings, definition

BUCKET, ROLE = "project", "arn:aws:iam::000000000000:role/model-build"
_REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
HERE = Surroundings(
    pipeline="loupe-laptop-titanic-survival",
    bucket=BUCKET,
    role=ROLE,
    group="loupe-laptop-titanic-survival",
    region="us-east-1",
    scikit_learn_image=f"{_REGISTRY}/sagemaker-scikit-learn:1.2-1-cpu-py3",
    xgboost_image=f"{_REGISTRY}/sagemaker-xgboost:1.7-1",
    tags=LAPTOP.tags,
)


def example(config: ModelBuildConfig = LAPTOP.model_build) -> dict[str, Any]:
    return definition(config, HERE)


def steps(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All steps by name, those of the branches too."""
    return {step["Name"]: step for step in _all(told["Steps"])}


def _all(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in found:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _all(step["Arguments"].get(branch, []))


def functions(value: Any, name: str) -> Iterator[Any]:
    """What each `Get`, `Std:Join` or `Std:JsonGet` in a value is of."""
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for inner in value.values():
            yield from functions(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from functions(inner, name)


if __name__ == "__main__":
    print(json.dumps(example(), indent=1))
