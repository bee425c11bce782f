"""What the synthesized search stack promises."""

from collections.abc import Mapping
from typing import Any

import pytest

from config import PROD, SearchConfig
from lambdas.search.settings import POINTER, REFERENCE, QuerySettings
from tests.conftest import ENVIRONMENTS, Template, resources
from tests.templates import listed, may, refusing, statements

FILE = f"{REFERENCE}2026-01-04/codes.npy"
LAMBDA_PAYLOAD = 6_000_000


@pytest.fixture(scope="session")
def stack(prod: Mapping[str, Template]) -> Template:
    return prod["Search"]


@pytest.fixture(scope="session")
def function(stack: Template) -> dict[str, Any]:
    [found] = resources(stack, "AWS::Lambda::Function").values()
    return dict(found["Properties"])


def test_the_function_reads_versions_and_does_nothing_else(stack: Template) -> None:
    assert may(stack, "QueryRole", "s3:GetObject") == ["data/reference/*"]
    actions = {action for one in statements(stack, "QueryRole") for action in listed(one["Action"])}
    assert {action for action in actions if action.partition(":")[0] not in {"kms", "logs"}} == {
        "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket",
    }  # fmt: skip


def test_the_build_job_reads_data_and_writes_versions_only(stack: Template) -> None:
    assert may(stack, "BuildRole", "s3:GetObject") == ["data/*"]
    assert may(stack, "BuildRole", "s3:PutObject") == ["data/reference/*"]
    assert not [one for one in statements(stack, "BuildRole") if "Delete" in str(one["Action"])]


def test_keys_are_listed_below_their_prefix_only(stack: Template) -> None:
    for role, prefix in (("QueryRole", "data/reference/*"), ("BuildRole", "data/*")):
        [listing] = [one for one in statements(stack, role) if one["Action"] == "s3:ListBucket"]
        assert listing["Condition"] == {"StringLikeIfExists": {"s3:prefix": prefix}}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_file_of_a_version_is_written_once_whoever_writes(environment: str) -> None:
    assert refusing(environment, "Project", "s3:PutObject", FILE)["WrittenOnce"] == {
        "Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"},
    }  # fmt: skip


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_pointer_is_replaced_as_it_was_seen(environment: str) -> None:
    found = refusing(environment, "Project", "s3:PutObject", POINTER)
    assert found["ReplacedAsSeen"]["Null"] == {"s3:if-none-match": "true", "s3:if-match": "true"}
    assert "WrittenOnce" not in found


def test_the_function_finds_what_the_stack_tells_it(function: dict[str, Any]) -> None:
    told = {name: str(value) for name, value in function["Environment"]["Variables"].items()}
    settings = QuerySettings.from_environ(told)
    assert (settings.look_again_seconds, settings.max_image_mib) == (
        PROD.search.look_again_seconds,
        PROD.search.max_image_mib,
    )


def test_the_function_has_a_processor_of_its_own_and_answers_before_the_api_gives_up(function: dict[str, Any]) -> None:
    assert function["MemorySize"] >= 1769
    assert function["Timeout"] < 30
    assert function["Environment"]["Variables"]["OPENBLAS_NUM_THREADS"] == "1"


def test_an_image_of_the_largest_size_still_fits_a_request() -> None:
    assert (SearchConfig().max_image_mib << 20) * 4 / 3 < LAMBDA_PAYLOAD - 10_000


def test_clients_learn_where_to_build_and_whom_to_ask(stack: Template) -> None:
    names = {one["Properties"]["Name"] for one in resources(stack, "AWS::SSM::Parameter").values()}
    assert names == {f"/loupe/prod/search/{name}" for name in ("function", "build-image", "build-role")}
