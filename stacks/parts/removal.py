"""Whether data outlives the stack that holds it."""

from aws_cdk import RemovalPolicy

from config import Config


def removal_policy(config: Config) -> RemovalPolicy:
    return RemovalPolicy.RETAIN if config.retain_data else RemovalPolicy.DESTROY
