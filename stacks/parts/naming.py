"""What every stack of an environment is called, and where clients find its outputs."""

from typing import TypedDict

from aws_cdk import Stack
from aws_cdk import aws_ssm as ssm

from config import Config


class StackOptions(TypedDict):
    """Keyword arguments that all our stacks share."""

    stack_name: str
    termination_protection: bool


def stack_options(config: Config, name: str, *, protected: bool = False) -> StackOptions:
    return StackOptions(stack_name=f"loupe-{config.environment}-{name}", termination_protection=protected)


def model_group(config: Config, family: str) -> str:
    """The model package group that a family's versions are registered in."""
    return f"loupe-{config.environment}-{family}"


def parameter(stack: Stack, config: Config, slice_name: str, name: str, value: str) -> None:
    """Tell clients a value as the SSM parameter /loupe/<environment>/<slice>/<name>."""
    construct_id = "".join(word.capitalize() for word in name.split("-")) + "Parameter"
    path = f"/loupe/{config.environment}/{slice_name}/{name}"
    ssm.StringParameter(stack, construct_id, parameter_name=path, string_value=value)
