"""Dockerfile text in, what its last stage runs out: environment, working directory, entry point and command."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}|\$(\w+)")


class UnsupportedDockerfile(ValueError):
    """A Dockerfile whose entry point the laptop cannot run; the text says which line is wrong."""


@dataclass
class Stage:
    """The instructions of one stage that matter for running it."""

    environment: dict[str, str] = field(default_factory=dict)
    working_directory: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def last_stage(text: str) -> Stage:
    """The stage that the built image runs; a stage made `FROM` an earlier one starts as that one."""
    stages: dict[str, Stage] = {}
    stage = Stage()
    for word, rest in _instructions(text):
        if word == "FROM":
            stage = _from(rest, stages)
        else:
            _apply(stage, word, rest)
    if not stage.entrypoint:
        raise UnsupportedDockerfile("The last stage has no exec-form ENTRYPOINT.")
    return stage


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    for line in joined.splitlines():
        word, _, rest = line.strip().partition(" ")
        yield word.upper(), rest.strip()


def _from(rest: str, stages: dict[str, Stage]) -> Stage:
    words = [word for word in rest.split() if not word.startswith("--")]
    base = stages.get(words[0], Stage())
    stage = Stage(dict(base.environment), base.working_directory, base.entrypoint, base.command)
    if len(words) == 3:
        stages[words[2]] = stage
    return stage


def _apply(stage: Stage, word: str, rest: str) -> None:
    if word == "ENV":
        stage.environment.update(_pairs(_expand(rest, stage.environment)))
    elif word == "WORKDIR":
        stage.working_directory = _expand(rest, stage.environment)
    elif word == "ENTRYPOINT":
        stage.entrypoint, stage.command = _exec_form(word, rest), []
    elif word == "CMD":
        stage.command = _exec_form(word, rest)


def _pairs(rest: str) -> dict[str, str]:
    name, _, value = rest.partition(" ")
    if "=" not in name:
        return {name: value.strip()}
    return dict(pair.split("=", 1) for pair in shlex.split(rest))


def _expand(text: str, environment: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: environment.get(match[1] or match[3], match[2] or ""), text)


def _exec_form(word: str, rest: str) -> list[str]:
    try:
        words = json.loads(rest)
    except ValueError:
        raise UnsupportedDockerfile(f"{word} must be in exec form, a JSON list, not: {rest}") from None
    return [str(part) for part in words]
