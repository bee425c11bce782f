"""The definition of a pipeline, as JSON, in; its parameters and steps, in no particular order, out."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from local.models import Record
from local.pipelines import cache, retries
from local.pipelines.expressions import BadDefinition, references
from local.pipelines.given import Parameter, declared
from local.pipelines.kinds import CONDITION, FAIL, KINDS

VERSION = "2020-12-01"
_TOP = {"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "Steps"}
_STEP = {
    *("Name", "Type", "DependsOn", "DisplayName", "Description", "Arguments"),
    *("RetryPolicies", "CacheConfig", "PropertyFiles"),
}
_BRANCHES = {"IfSteps": "true", "ElseSteps": "false"}


class Branch(NamedTuple):
    """Where a step is that runs only if a condition has this outcome."""

    condition: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; `needs` are those that must have succeeded before it."""

    name: str
    kind: str
    arguments: Record
    needs: frozenset[str]
    branch: Branch | None
    retries: list[Record]
    fresh_seconds: float | None
    files: Mapping[str, Record]
    display: Record


@dataclass(frozen=True, kw_only=True)
class Definition:
    """Parameters and steps by their names."""

    parameters: Mapping[str, Parameter]
    steps: Mapping[str, Step]


def read(body: str) -> Definition:
    """The definition in a text; what it refers to is not looked at."""
    content = _content(body)
    parameters = [declared(one) for one in content.get("Parameters", [])]
    steps = list(_steps(content["Steps"], None))
    for names in ([one.name for one in parameters], [one.name for one in steps]):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise BadDefinition(f"The name {', '.join(twice)} is there more than once.")
    return Definition(parameters={one.name: one for one in parameters}, steps={one.name: one for one in steps})


def _content(body: str) -> Record:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise BadDefinition(f"It is no JSON: {error}.") from error
    if not isinstance(content, dict) or content.keys() - _TOP or not isinstance(content.get("Steps"), list):
        raise BadDefinition(f"It must have a list of Steps, and nothing but {', '.join(sorted(_TOP))}.")
    if content.get("Version", VERSION) != VERSION:
        raise BadDefinition(f"Its Version must be {VERSION}, not {content['Version']}.")
    if not content["Steps"]:
        raise BadDefinition("It has no steps.")
    return content


def _steps(records: Any, branch: Branch | None) -> Iterator[Step]:
    for record in records:
        step = _step(record, branch)
        yield step
        if step.kind == CONDITION:
            if branch:
                raise BadDefinition(f"The condition {step.name} is inside of another, {branch.condition}.")
            for field, outcome in _BRANCHES.items():
                yield from _steps(record["Arguments"].get(field, []), Branch(step.name, outcome))


def _step(record: Any, branch: Branch | None) -> Step:
    if not isinstance(record, dict) or not isinstance(record.get("Name"), str):
        raise BadDefinition(f"There is a step without a Name: {record}.")
    name, kind, arguments = record["Name"], record.get("Type"), record.get("Arguments", {})
    if kind not in KINDS:
        raise BadDefinition(f"The step {name} is of the type {kind}; the laptop runs {', '.join(KINDS)}.")
    if unknown := sorted(record.keys() - _STEP):
        raise BadDefinition(f"The step {name} has an unknown {', '.join(unknown)}.")
    if not isinstance(arguments, dict):
        raise BadDefinition(f"The Arguments of the step {name} are no mapping.")
    own = {field: value for field, value in arguments.items() if kind != CONDITION or field not in _BRANCHES}
    files = record.get("PropertyFiles", [])
    return Step(
        name=name,
        kind=kind,
        arguments=own,
        needs=_needs(name, kind, record.get("DependsOn", []), own, branch),
        branch=branch,
        retries=_retries(name, kind, record.get("RetryPolicies", [])),
        fresh_seconds=_fresh_seconds(name, kind, record.get("CacheConfig")),
        files={one["PropertyFileName"]: one for one in files},
        display={f"Step{field}": record[field] for field in ("DisplayName", "Description") if field in record},
    )


def _needs(name: str, kind: str, depends_on: list[str], arguments: Record, branch: Branch | None) -> frozenset[str]:
    """What a step says that it depends on, what it refers to, and the condition that it hangs on."""
    found = {path.split(".")[1] for path in references(arguments) if path.startswith("Steps.")}
    return frozenset({*depends_on, *found, *([branch.condition] if branch else [])})


def _retries(name: str, kind: str, policies: list[Record]) -> list[Record]:
    if policies and kind in {CONDITION, FAIL}:
        raise BadDefinition(f"The step {name} is of the type {kind}, which has no RetryPolicies.")
    for policy in policies:
        if reason := retries.why_not(policy):
            raise BadDefinition(f"The step {name}: {reason}.")
    return policies


def _fresh_seconds(name: str, kind: str, config: Any) -> float | None:
    if config is None:
        return None
    if reason := cache.why_not(kind, config):
        raise BadDefinition(f"The step {name}: {reason}.")
    return cache.seconds(config["ExpireAfter"]) if config.get("Enabled") else None
