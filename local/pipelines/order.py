"""Which steps may begin, from what the others have come to."""

from collections.abc import Mapping

from local.models import Record
from local.pipelines.definition import Definition, Step


def ready(definition: Definition, states: Mapping[str, str], made: Mapping[str, Record]) -> list[Step]:
    """The steps that have not begun and whose needs have succeeded, in the order of the definition.

    Of a condition's branches only the one of its outcome is ready. Once a step has failed, nothing is.
    """
    if "Failed" in states.values():
        return []
    return [step for step in definition.steps.values() if step.name not in states and _may(step, states, made)]


def _may(step: Step, states: Mapping[str, str], made: Mapping[str, Record]) -> bool:
    if any(states.get(name) != "Succeeded" for name in step.needs):
        return False
    return step.branch is None or made[step.branch.condition]["Outcome"] == step.branch.outcome
