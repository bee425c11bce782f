"""Drills with a permission missing: every statement of every role of a stack, taken away one at a time."""

import json
import re
from collections.abc import Container, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from typing import Any

import pytest

from local.laptop import Laptop
from tests.conftest import resources, templates_of


def permissions(stack: str, *, unseen: Container[str]) -> list[Any]:
    """Role and actions of each statement, but those that no run on the laptop can put to the test."""
    roles = resources(templates_of("laptop")[stack], "AWS::IAM::Policy").items()
    found = {
        f"{name.partition('DefaultPolicy')[0].removesuffix('Role')} {actions[0]}": (
            name.partition("DefaultPolicy")[0],
            actions,
        )
        for name, policy in roles
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if (actions := actions_of(statement))
    }
    return [
        pytest.param(*named, id=name)
        for name, named in found.items()
        if name not in unseen and name.partition(" ")[2] not in unseen
    ]


def actions_of(statement: dict[str, Any]) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else list(statement["Action"])


@contextmanager
def without(laptop: Laptop, stack: str, role: str, actions: list[str]) -> Iterator[None]:
    """The role's policy, for a while, without its statements on these actions."""
    iam = laptop.client("iam")
    pattern = re.compile(rf"loupe-laptop-{stack}-{role}[0-9A-F]{{8}}")
    [name] = [one["RoleName"] for one in iam.list_roles()["Roles"] if pattern.search(one["RoleName"])]
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    left = [statement for statement in document["Statement"] if actions_of(statement) != actions]
    assert len(left) < len(document["Statement"])
    iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps({**document, "Statement": left}))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def denied(laptop: Laptop, before: int) -> bool:
    return laptop.status().denials > before


def assert_named(denial: dict[str, str], role: str, actions: list[str]) -> None:
    """A denial tells who was refused what, and on which resource."""
    assert role in denial["principal"]
    assert any(fnmatch(denial["action"], action) for action in actions)
    assert denial["resource"]
