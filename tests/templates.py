"""Values of templates, as tests compare them."""

from typing import Any

from tests.conftest import Template, resources


def text_of(value: Any) -> str:
    """A value with its references left out, as `*`."""
    if isinstance(value, dict):
        [(function, arguments)] = value.items()
        return "".join(text_of(one) for one in arguments[1]) if function == "Fn::Join" else "*"
    return str(value)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    policies = resources(template, "AWS::IAM::Policy").items()
    [policy] = [found for name, found in policies if name[:-8] == f"{role}DefaultPolicy"]
    return list(policy["Properties"]["PolicyDocument"]["Statement"])


def may(template: Template, role: str, action: str) -> list[str]:
    """What a role may do an action with; keys as they are, other ARNs with references as `*`."""
    found = [one for one in statements(template, role) if action in listed(one["Action"])]
    return sorted(text_of(target).removeprefix("*/") for one in found for target in listed(one["Resource"]))


def object_actions(template: Template) -> set[str]:
    """All that any role of a stack may do with buckets."""
    actions = {
        action
        for policy in resources(template, "AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }
    assert "*" not in actions
    return {action for action in actions if action.startswith("s3:")}
