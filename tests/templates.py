"""Values of templates and what their policies say, as tests compare them."""

from fnmatch import fnmatchcase
from typing import Any

from tests.conftest import Template, resources, templates_of


def text_of(value: Any) -> str:
    """A value with its references left out, as `*`."""
    if isinstance(value, dict):
        [(function, arguments)] = value.items()
        return "".join(text_of(one) for one in arguments[1]) if function == "Fn::Join" else "*"
    return str(value)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    """What a role's own policy says."""
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


def refusing(environment: str, bucket: str, action: str, key: str) -> dict[str, dict[str, Any]]:
    """The conditions under which a bucket refuses everybody an action on a key, by statement."""
    policies = resources(templates_of(environment)["Storage"], "AWS::S3::BucketPolicy").items()
    [policy] = [found for name, found in policies if name.startswith(f"{bucket}Policy")]
    return {
        str(one.get("Sid")): one["Condition"]
        for one in policy["Properties"]["PolicyDocument"]["Statement"]
        if one["Effect"] == "Deny" and action in listed(one["Action"]) and one["Principal"] == {"AWS": "*"}
        if any(fnmatchcase(key, text_of(target).removeprefix("*/")) for target in listed(one["Resource"]))
    }
