"""What the project bucket lets go of and refuses, in each environment, is what the tree's contract says."""

from typing import Any

import pytest

from lambdas.archive.tree import Place, tree
from tests.conftest import ENVIRONMENTS, resources, templates_of
from tests.templates import refusing

PLACES = tree().places
Rule = dict[str, Any]


def rules(environment: str) -> list[Rule]:
    buckets = resources(templates_of(environment)["Storage"], "AWS::S3::Bucket").items()
    [project] = [found for name, found in buckets if name.startswith("Project")]
    return list(project["Properties"]["LifecycleConfiguration"]["Rules"])


def reaching(environment: str, place: Place) -> list[Rule]:
    """The rules that would let go of, or move, something that begins like the place's keys."""
    found = [rule for rule in rules(environment) if "AbortIncompleteMultipartUpload" not in rule]
    return [one for one in found if place.prefix.startswith(one["Prefix"]) or one["Prefix"].startswith(place.prefix)]


def headers_wanted(environment: str, key: str) -> list[set[str]]:
    """Headers of which each refusal of a plain write to a key wants one."""
    conditions = refusing(environment, "Project", "s3:PutObject", key).values()
    return [set(condition["Null"]) for condition in conditions if "Null" in condition]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_place_is_kept_as_long_as_the_contract_says(environment: str, place: Place) -> None:
    own = [rule for rule in rules(environment) if rule.get("Prefix") == place.prefix]
    said = place.expire_days, place.noncurrent_days, [(step.storage_class, step.days) for step in place.transitions]
    if said == (None, None, []):
        assert own == []
        return
    [rule] = own
    assert rule["Status"] == "Enabled"
    assert said == (
        rule.get("ExpirationInDays"),
        rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays"),
        [(step["StorageClass"], step["TransitionInDays"]) for step in rule.get("Transitions", [])],
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("place", [one for one in PLACES if one.immutable], ids=lambda place: place.name)
def test_no_rule_touches_what_is_written_once(environment: str, place: Place) -> None:
    assert reaching(environment, place) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_what_the_contract_says_is_ever_let_go(environment: str) -> None:
    prefixes = {place.prefix for place in PLACES if place.expire_days}
    assert {rule["Prefix"] for rule in rules(environment) if "ExpirationInDays" in rule} == prefixes
    assert prefixes == {"experiments/checkpoints/"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_profiles_go_to_glacier_after_90_days_and_left_uploads_end_after_7(environment: str) -> None:
    [profiling] = [rule for rule in rules(environment) if rule.get("Prefix") == "profiling/"]
    assert profiling["Transitions"] == [{"StorageClass": "GLACIER", "TransitionInDays": 90}]
    [left] = [rule for rule in rules(environment) if "AbortIncompleteMultipartUpload" in rule]
    assert left["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert "Prefix" not in left


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_plain_write_is_refused_where_the_contract_says_so(environment: str, place: Place) -> None:
    wanted = {"once": {"s3:if-none-match"}, "as_seen": {"s3:if-none-match", "s3:if-match"}}
    found = headers_wanted(environment, place.example)
    assert found == ([wanted[place.written]] if place.written in wanted else [])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_answers_are_let_go_of_nowhere(environment: str) -> None:
    buckets = resources(templates_of(environment)["Storage"], "AWS::S3::Bucket").items()
    [results] = [found for name, found in buckets if name.startswith("Results")]
    expiring = [rule for rule in results["Properties"]["LifecycleConfiguration"]["Rules"] if "ExpirationInDays" in rule]
    assert [rule["Prefix"] for rule in expiring] == ["room_detection/endpoint/"]
