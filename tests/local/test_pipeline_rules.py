"""Promises of the rules of pipelines, apart from a running engine."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.pipelines import cache, checks, order
from local.pipelines.conditions import hold
from local.pipelines.expressions import BadDefinition, Scope, Unresolved, text
from local.pipelines.maker import fresh_name
from local.pipelines.paths import follow
from local.pipelines.retries import Retries
from tests.local.pipeline_definitions import build, definition, filled, get, joined, output, processing, training

Change = Callable[[dict[str, Any]], Any]


def steps(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["Name"]: step for step in told["Steps"]}


def argument(step: str, *path: Any, value: Any) -> Change:
    def change(told: dict[str, Any]) -> None:
        place = steps(told)[step]["Arguments"]
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value

    return change


def parameter(**told: Any) -> Change:
    return lambda known: known["Parameters"].append({"Name": "Extra", **told})


def field(step: str, name: str, value: Any) -> Change:
    return lambda told: steps(told)[step].update({name: value})


ENTRYPOINT = ("AppSpecification", "ContainerEntrypoint")
CONTAINER = ("AppSpecification", "ImageUri")
SOURCE = ("ProcessingInputs", 0, "S3Input")
LEFT = ("Conditions", 0, "LeftValue")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (field("Train", "Type", "Tuning"), "The step Train is of the type Tuning; the laptop runs Condition, Fail"),
        (field("Train", "Name", "Prepare"), "The name Prepare is there more than once"),
        (field("Train", "RetryPolicy", []), "The step Train has an unknown RetryPolicy"),
        (field("Train", "DependsOn", ["Nowhere"]), "The step Train needs a step Nowhere, which is not there"),
        (field("Prepare", "DependsOn", ["Evaluate"]), "Steps wait for each other: .*Prepare"),
        (field("Train", "DependsOn", ["TooLow"]), "Train can not depends on TooLow"),
        (field("Gate", "RetryPolicies", [{}]), "which has no RetryPolicies"),
        (
            field("Train", "RetryPolicies", [{"ExceptionType": ["Any"], "MaxAttempts": 1}]),
            "ExceptionType must be some of",
        ),
        (
            field("Train", "RetryPolicies", [{"ExceptionType": ["Step.THROTTLING"]}]),
            "needs MaxAttempts or ExpireAfterMin",
        ),
        (field("Train", "CacheConfig", {"Enabled": True}), "ExpireAfter must be an ISO 8601 duration"),
        (
            argument("Prepare", *CONTAINER, value=get("Parameters.Image")),
            "refers to Parameters.Image: there is no such",
        ),
        (argument("Prepare", *CONTAINER, value=get("Execution.TrainingJobName")), "TrainingJobName: there is no such"),
        (argument("Prepare", *CONTAINER, value=get("Execution.Name")), "refers to Execution.Name: there is no such"),
        (argument("Prepare", *CONTAINER, value=get("Steps.Train.Colour")), "Steps.Train.Colour: there is no 'Colour'"),
        (argument("Prepare", "Colour", value="red"), "Model Validation failed: the step Prepare: Colour is unknown"),
        (argument("Prepare", "ProcessingJobName", value="mine"), "its ProcessingJobName is SageMaker's to give"),
        (
            argument("Prepare", *SOURCE, "S3InputMode", value="FastFile"),
            r"Member must satisfy enum value set: \[Pipe, File\]",
        ),
        (
            argument("Prepare", "AppSpecification", "ContainerEntrypoint", value=["a\nb"]),
            r"ContainerEntrypoint\.1: .*\.\*",
        ),
        (argument("Train", "HyperParameters", "depth", value=5), r"HyperParameters.depth: Invalid type"),
        (argument("Train", "OutputDataConfig", value={}), r"OutputDataConfig.S3OutputPath is missing"),
        (argument("Gate", *LEFT, value={"Std:Sum": [1, 2]}), "does not know the function Std:Sum"),
        (argument("Gate", "Conditions", 0, "Type", value="Like"), "is no condition"),
        (lambda told: told["Parameters"].append({"Name": "A", "Type": "Date"}), "does not know parameters like"),
        (
            lambda told: told["Parameters"].append({"Name": "A", "Type": "Integer", "DefaultValue": "1"}),
            "'1' is not of the type",
        ),
        (lambda told: told.update(Version="2019-01-01"), "Its Version must be 2020-12-01"),
        (lambda told: told.update(Steps=[]), "It has no steps"),
        (lambda told: told.update(Steps=[[]]), "a step without a Name"),
    ],
)
def test_refuses_a_definition_and_says_which_step_is_wrong(change: Change, reason: str) -> None:
    told = build()
    change(told)
    with pytest.raises(BadDefinition, match=reason):
        checks.read(filled(told))


def test_refuses_property_files_and_outputs_that_are_not_there() -> None:
    told = build()
    steps(told)["Evaluate"]["PropertyFiles"][0]["OutputName"] = "other"
    with pytest.raises(BadDefinition, match="The property file Report of the step Evaluate: nothing is called 'other'"):
        checks.read(filled(told))
    told = json.loads(json.dumps(build()).replace("PropertyFiles.Report", "PropertyFiles.Other"))
    with pytest.raises(BadDefinition, match=r"PropertyFiles.Other: nothing is called 'Other'"):
        checks.read(filled(told))
    with pytest.raises(BadDefinition, match=r"Outputs\['out2'\].*: nothing is called 'out2'"):
        checks.read(filled(build()).replace("Outputs['out']", "Outputs['out2']"))


def test_a_step_is_ready_when_all_that_it_needs_has_succeeded_and_its_branch_is_taken() -> None:
    found = checks.read(filled(build()))

    def ready(outcome: str = "true", **states: str) -> list[str]:
        return [step.name for step in order.ready(found, states, {"Gate": {"Outcome": outcome}})]

    done = {"Prepare": "Succeeded", "Train": "Succeeded", "Evaluate": "Succeeded"}
    assert ready() == ["Prepare"]
    assert ready(Prepare="Executing") == []
    assert ready(Prepare="Succeeded") == ["Train"]
    assert (ready("true", **done, Gate="Succeeded"), ready("false", **done, Gate="Succeeded")) == (
        ["Register"],
        ["TooLow"],
    )
    assert ready(**{**done, "Train": "Failed"}) == []


def scope(**parameters: Any) -> Scope:
    made = {"Prepare": {"Outputs": [{"OutputName": "out", "S3Uri": "s3://a/b"}], "Times": [1, 2]}}
    return Scope(parameters=parameters, execution={"Id": "x"}, properties=made.__getitem__, read=lambda *_: {})


@given(on=st.text(), words=st.lists(st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False))))
def test_a_join_is_the_texts_of_its_values_and_what_is_between_them(on: str, words: list[Any]) -> None:
    values = {f"P{number}": word for number, word in enumerate(words)}
    asked = joined(on, *(get(f"Parameters.{name}") for name in values))
    assert scope(**values).value({"a": [asked]}) == {"a": [on.join(map(text, words))]}


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.text()), st.lists, max_leaves=8))
def test_what_is_no_expression_stays_as_it_is(value: Any) -> None:
    assert scope().value({"Environment": value}) == {"Environment": value}


def test_a_name_leads_into_a_list_to_what_is_called_so() -> None:
    told = scope()
    assert told.value(get("Steps.Prepare.Outputs['out'].S3Uri")) == told.value(get("Steps.Prepare.Outputs[0].S3Uri"))
    assert follow({"a": {"b-c": [{"d": 1}]}}, "$.a['b-c'][0].d") == 1
    for path in ("Outputs['in']", "Times[2]", "Times.first", "Outputs['out'].Colour"):
        with pytest.raises(Unresolved, match=r"Steps\.Prepare"):
            told.value(get(f"Steps.Prepare.{path}"))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Type": "Equals", "LeftValue": 1, "RightValue": 1.0}, True),
        ({"Type": "NotEquals", "LeftValue": "a", "RightValue": "b"}, True),
        ({"Type": "GreaterThan", "LeftValue": 2, "RightValue": 2}, False),
        ({"Type": "GreaterThanOrEqualTo", "LeftValue": 2, "RightValue": 2}, True),
        ({"Type": "LessThan", "LeftValue": 1.5, "RightValue": 2}, True),
        ({"Type": "LessThanOrEqualTo", "LeftValue": 3, "RightValue": 2}, False),
        ({"Type": "In", "Value": "a", "In": ["b", "a"]}, True),
        ({"Type": "NotIn", "Value": "a", "In": ["b", "a"]}, False),
        ({"Type": "Not", "Condition": {"Type": "Equals", "LeftValue": True, "RightValue": True}}, False),
        ({"Type": "Or", "Conditions": [{"Type": "Equals", "LeftValue": 1, "RightValue": n} for n in (0, 1)]}, True),
        ({"Type": "Or", "Conditions": []}, False),
    ],
)
def test_conditions_hold_as_their_names_say(condition: dict[str, Any], holds: bool) -> None:
    assert hold([condition], lambda value: value) is holds
    assert hold([condition, {"Type": "Equals", "LeftValue": 1, "RightValue": 2}], lambda value: value) is False


@pytest.mark.parametrize(("left", "right"), [("0.9", 0.78), (True, 1), (None, 0.78), ([1], 1), (True, False)])
def test_what_has_no_order_is_not_compared(left: Any, right: Any) -> None:
    with pytest.raises(Unresolved):
        hold([{"Type": "GreaterThanOrEqualTo", "LeftValue": left, "RightValue": right}], lambda value: value)


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT1H", 3600),
        ("P30D", 2_592_000),
        ("P1DT2H30M", 95_400),
        ("P2W", 1_209_600),
        ("1h", None),
        ("P", None),
        ("PT", None),
    ],
)
def test_durations_are_those_of_iso_8601(duration: str, seconds: float | None) -> None:
    assert cache.seconds(duration) == seconds


def test_the_signature_of_a_step_counts_its_inputs_and_not_its_outputs() -> None:
    one, other = processing("A", "true", "s3://a/b")["Arguments"], processing("B", "true", "s3://a/b")["Arguments"]
    assert one["ProcessingOutputConfig"] != other["ProcessingOutputConfig"]
    assert cache.signature("Processing", one) == cache.signature("Processing", other)
    changed = processing("A", "true", "s3://a/b", given={"SEED": "1"})["Arguments"]
    assert cache.signature("Processing", one) != cache.signature("Processing", changed)


def test_pauses_grow_and_end() -> None:
    policies = [
        {"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 2, "BackoffRate": 3.0, "MaxAttempts": 3},
        {"ExceptionType": "SageMaker.CAPACITY_ERROR", "IntervalSeconds": 50, "ExpireAfterMin": 1},
    ]
    left = Retries(policies, began=0)
    assert [left.pause("Step.THROTTLING", now=0) for _ in range(4)] == [2, 6, 18, None]
    assert [left.pause("SageMaker.CAPACITY_ERROR", now=at) for at in (0, 20)] == [50, None]
    assert (left.pause("", now=0), left.pause("Step.SERVICE_FAULT", now=0)) == (None, None)


@given(st.text("aB-_ .", max_size=64))
def test_names_of_jobs_fit_and_are_never_the_same(step: str) -> None:
    first, second = (fresh_name("0123456789ab", step) for _ in range(2))
    assert first != second
    assert len(first) <= 63
    assert first.startswith("pipelines-0123456789ab-")
    assert "--" not in first.replace("b--", "b-")


def test_what_a_definition_needs_of_a_training_step_is_known_before_it_runs() -> None:
    told = definition(processing("Prepare", "true"), training(output("Prepare")), Code=str, Word="a")
    assert checks.read(filled(told)).steps["Train"].needs == {"Prepare"}
