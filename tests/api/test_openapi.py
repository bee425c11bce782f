"""The one OpenAPI document says what the stack and the functions do."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.readers import read_from_filename

from lambdas.room_detection.formats import FORMATS
from lambdas.search.refusals import REFUSALS
from loupe.contracts import SCHEMAS
from tests.conftest import Template, resources

FILE = SCHEMAS / "api" / "openapi.json"
DOCUMENT = json.loads(FILE.read_text())
LAMBDAS = Path(__file__).parents[2] / "lambdas"
VERBS = {"get", "post"}


def operations() -> dict[str, dict[str, Any]]:
    """`GET /path` → operation."""
    return {
        f"{verb.upper()} {path}": operation
        for path, item in DOCUMENT["paths"].items()
        for verb, operation in item.items()
        if verb in VERBS
    }


def test_the_document_is_valid_openapi() -> None:
    document, base_uri = read_from_filename(str(FILE))
    assert list(OpenAPIV31SpecValidator(document, base_uri=base_uri).iter_errors()) == []


def test_every_route_is_documented_and_every_documented_route_is_there(prod: Mapping[str, Template]) -> None:
    routes = resources(prod["Api"], "AWS::ApiGatewayV2::Route").values()
    assert {route["Properties"]["RouteKey"] for route in routes} == set(operations())


def test_every_route_asks_for_a_signature(prod: Mapping[str, Template]) -> None:
    routes = resources(prod["Api"], "AWS::ApiGatewayV2::Route").values()
    assert {route["Properties"]["AuthorizationType"] for route in routes} == {"AWS_IAM"}
    assert DOCUMENT["security"] == [{"sigv4": []}]


def test_no_web_page_may_call_by_default(prod: Mapping[str, Template]) -> None:
    [api] = resources(prod["Api"], "AWS::ApiGatewayV2::Api").values()
    assert "CorsConfiguration" not in api["Properties"]


def test_requests_are_throttled_and_logged(prod: Mapping[str, Template]) -> None:
    [stage] = resources(prod["Api"], "AWS::ApiGatewayV2::Stage").values()
    assert stage["Properties"]["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 400, "ThrottlingRateLimit": 200}
    assert "$context.identity.userArn" in stage["Properties"]["AccessLogSettings"]["Format"]


def test_the_query_parameters_documented_are_those_that_are_read() -> None:
    read = set(re.findall(r'query\.get\("(\w+)"', (LAMBDAS / "room_detection" / "status.py").read_text()))
    documented = {p["name"] for operation in operations().values() for p in operation.get("parameters", [])}
    assert documented == read


def test_the_refusals_documented_are_those_that_are_given() -> None:
    names = ("room_detection/upload", "room_detection/status", "room_detection/history", "search/query")
    sources = "".join((LAMBDAS / f"{name}.py").read_text() for name in names)
    given = set(re.findall(r'Refusal\((\d+), "(\w+)"', sources))
    given |= {(str(status), code) for status, code in REFUSALS.values()}
    documented = {
        (status, code)
        for operation in operations().values()
        for status, response in operation["responses"].items()
        for code in re.findall(r"[a-z]+_[a-z_]+", response["description"])
        if status[0] in "45" and status != "403"
    }
    assert documented == given


def test_the_formats_documented_are_those_that_are_written() -> None:
    rooms = operations()["GET /blueprints/{job}/rooms"]
    [parameter] = rooms["parameters"]
    assert parameter["schema"]["enum"] == list(FORMATS)
    assert set(rooms["responses"]["200"]["content"]) == {kind.partition(";")[0] for _, kind, _ in FORMATS.values()}
