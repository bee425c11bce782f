"""A definition in, what in it leads nowhere out: references, arguments, conditions, circles."""

import graphlib
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local import parameters
from local.pipelines import conditions, definition
from local.pipelines.definition import Definition, Step
from local.pipelines.expressions import GET, JSON_GET, BadDefinition, function_of, references
from local.pipelines.kinds import CONDITION, FAIL, MAKERS
from local.pipelines.paths import BadPath, called, parts

EXECUTION = (
    *("PipelineName", "PipelineArn", "PipelineExecutionId", "PipelineExecutionArn"),
    *("StartDateTime", "CurrentDateTime"),
)
_UNSET = {"ProcessingJobName", "TrainingJobName", "ModelPackageName"}


def read(body: str) -> Definition:
    """The definition in a text, if SageMaker would take it and the laptop can run it."""
    try:
        return _checked(body)
    except (AttributeError, KeyError, TypeError) as error:
        raise BadDefinition(f"Something in it has another form than it should have: {error!r}.") from error


def _checked(body: str) -> Definition:
    found = definition.read(body)
    for step in found.steps.values():
        _check_needs(step, found)
        for path in references(step.arguments):
            _check_reference(step, path, found)
        _check_files(step)
        _check_arguments(step, found)
    try:
        graphlib.TopologicalSorter({step.name: step.needs for step in found.steps.values()}).prepare()
    except graphlib.CycleError as error:
        raise BadDefinition(f"Steps wait for each other: {' → '.join(error.args[1])}.") from error
    return found


def _check_needs(step: Step, found: Definition) -> None:
    for name in sorted(step.needs):
        if name not in found.steps:
            raise BadDefinition(f"The step {step.name} needs a step {name}, which is not there.")
        if found.steps[name].kind == FAIL:
            raise BadDefinition(f"{step.name} can not depends on {name}.")


def _check_reference(step: Step, path: str, found: Definition) -> None:
    root, _, rest = path.partition(".")
    own = [MAKERS[step.kind].name] if step.kind in MAKERS and MAKERS[step.kind].named else []
    known = {"Parameters": found.parameters, "Execution": [*EXECUTION, *own]}.get(root, ())
    if root == "Steps":
        name, _, place = rest.partition(".")
        reason = _why_nowhere(found.steps[name], place)
    else:
        reason = "" if rest in known else "there is no such thing."
    if reason:
        raise BadDefinition(f"The step {step.name} refers to {path}: {reason}")


def _why_nowhere(step: Step, place: str) -> str:
    """Why a place is none of what a step makes; nothing when it is one."""
    try:
        first, *more = parts(place)
        if first == "PropertyFiles":
            called([{"Name": name} for name in step.files], str(more[0] if more else ""))
        elif step.kind == CONDITION:
            called([{"Name": "Outcome"}], place)
        else:
            model = parameters.model("sagemaker").operation_model(MAKERS[step.kind].describe)
            _walk(model.output_shape, step.arguments, [first, *more])
    except BadPath as error:
        return str(error)
    return ""


def _walk(shape: Shape | None, literal: Any, path: list[str | int]) -> None:
    """Follow a path through the shape of an answer and, as far as it is known, through its content."""
    for part in path:
        if isinstance(shape, StructureShape) and part in shape.members:
            shape = shape.members[str(part)]
            literal = literal.get(part) if isinstance(literal, dict) else None
        elif isinstance(shape, ListShape):
            literal = called(literal, part) if isinstance(literal, list) and isinstance(part, str) else None
            shape = shape.member
        elif isinstance(shape, MapShape):
            shape, literal = shape.value, None
        else:
            raise BadPath(f"there is no {part!r}.")


def _check_files(step: Step) -> None:
    """A property file is a part of an output."""
    outputs = step.arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
    for name, file in step.files.items():
        try:
            called(outputs, file["OutputName"])
        except BadPath as error:
            raise BadDefinition(f"The property file {name} of the step {step.name}: {error}") from error


def _check_arguments(step: Step, found: Definition) -> None:
    if step.kind == CONDITION:
        problems = [reason for one in step.arguments.get("Conditions", [None]) for reason in _conditions(one)]
    elif step.kind == FAIL:
        problems = [f"it has an unknown {name}" for name in step.arguments.keys() - {"ErrorMessage"}]
    else:
        shape = parameters.shape_of("sagemaker", MAKERS[step.kind].create)
        named = [f"its {name} is SageMaker's to give" for name in sorted(step.arguments.keys() & _UNSET)]
        problems = [*named, *_problems(shape, step.arguments, "", _UNSET)]
    problems += _readings(step.arguments, found)
    if problems:
        raise BadDefinition(f"Model Validation failed: the step {step.name}: {'; '.join(problems)}.")


def _conditions(condition: Any) -> Iterator[str]:
    kind = condition.get("Type") if isinstance(condition, dict) else None
    if kind not in conditions.FIELDS or condition.keys() != conditions.FIELDS[kind]:
        yield f"{condition} is no condition"
        return
    for inner in [*condition.get("Conditions", []), *([condition["Condition"]] if kind == "Not" else [])]:
        yield from _conditions(inner)


def _readings(value: Any, found: Definition) -> list[str]:
    """What is wrong with the readings of property files in a value."""
    if function_of(value) == JSON_GET:
        path = value[JSON_GET]["PropertyFile"]
        words = str(path.get(GET) if isinstance(path, dict) else path).split(".")
        fits = len(words) == 4 and words[0] == "Steps" and words[2] == "PropertyFiles"
        return [] if fits and words[3] in found.steps[words[1]].files else [f"there is no property file {path}"]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [problem for item in inner for problem in _readings(item, found)]


def _problems(shape: Shape, value: Any, path: str, unset: set[str]) -> Iterator[str]:
    """What of a value, apart from its expressions, is not as SageMaker's own model of a request has it."""
    if function_of(value):
        return
    if isinstance(shape, StructureShape):
        yield from _of_structure(shape, value, path, unset)
    elif isinstance(shape, ListShape | MapShape):
        yield from _of_many(shape, value, path)
    elif reason := parameters.misfits(shape, value) or parameters.broken_rule(shape, value):
        yield f"{path}: {reason.strip()}"


def _of_many(shape: ListShape | MapShape, value: Any, path: str) -> Iterator[str]:
    inner, kind = (shape.member, list) if isinstance(shape, ListShape) else (shape.value, dict)
    if not isinstance(value, kind):
        yield f"{path} must be a {kind.__name__}"
        return
    for name, item in value.items() if isinstance(value, dict) else enumerate(value, 1):
        yield from _problems(inner, item, f"{path}.{name}", set())


def _of_structure(shape: StructureShape, value: Any, path: str, unset: set[str]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} must be a mapping"
        return
    for name in sorted(value.keys() - shape.members.keys()):
        yield f"{path}.{name} is unknown".lstrip(".")
    for name in sorted(set(shape.required_members) - value.keys() - unset):
        yield f"{path}.{name} is missing".lstrip(".")
    for name in sorted(value.keys() & shape.members.keys()):
        yield from _problems(shape.members[name], value[name], f"{path}.{name}".lstrip("."), set())
