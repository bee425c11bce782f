"""How `lambdas/<slice>` becomes functions: code, locked libraries and schemas in one zip, without Docker."""

import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import BundlingOptions, DockerImage, Duration, ILocalBundling, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

from config import Config
from loupe.settings import Settings
from stacks.parts import source_tree
from stacks.parts.removal import removal_policy

_LAMBDA_PLATFORM = ["--implementation", "cp", "--python-version", "3.14", "--platform", "manylinux2014_aarch64"]


class SliceFunctions:
    """The functions of one slice: they share one zip, each has its handler, settings, role and log."""

    def __init__(self, stack: Stack, slice_name: str, config: Config) -> None:
        self._stack, self._slice, self._config = stack, slice_name, config

    def add(self, module: str, settings: Settings, *, timeout_seconds: int, memory_mib: int = 512) -> lambda_.Function:
        """A function that runs `lambdas.<slice>.<module>.handle`."""
        name = module.capitalize()
        log = self._log(f"{name}Log")
        role = self._role(f"{name}Role", log)
        return lambda_.Function(
            self._stack,
            name,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            code=self._code,
            handler=f"lambdas.{self._slice}.{module}.handle",
            role=role,
            environment=settings.to_environ(),
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mib,
            log_group=log,
            logging_format=lambda_.LoggingFormat.JSON,
        )

    def _log(self, construct_id: str) -> logs.LogGroup:
        return logs.LogGroup(
            self._stack,
            construct_id,
            retention=log_retention(self._config),
            removal_policy=removal_policy(self._config),
        )

    def _role(self, construct_id: str, log: logs.ILogGroup) -> iam.Role:
        """Write to its own log and nothing else; the stack grants the rest."""
        role = iam.Role(self._stack, construct_id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log.grant_write(role)
        return role

    @cached_property
    def _code(self) -> lambda_.Code:
        names = source_tree.contents("lambdas", self._slice)
        platform = [] if self._config.bundle_for_this_machine else _LAMBDA_PLATFORM
        return lambda_.Code.from_asset(
            str(source_tree.ROOT / "lambdas" / self._slice),
            asset_hash=source_tree.fingerprint(names, *platform),
            bundling=BundlingOptions(
                image=DockerImage.from_registry("never-used"), local=_Bundler(self._slice, names, platform)
            ),
        )


@jsii.implements(ILocalBundling)
class _Bundler:
    """Installs wheels for the function's platform beside the slice's code; builds nothing and needs no Docker."""

    def __init__(self, slice_name: str, names: list[str], platform: list[str]) -> None:
        self._requirements = source_tree.ROOT / "lambdas" / slice_name / "requirements.txt"
        self._names, self._platform = names, platform

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        install = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "--require-hashes"]
        wheels = [
            "--only-binary=:all:",
            *self._platform,
            "--target",
            output_dir,
            "--requirement",
            str(self._requirements),
        ]
        subprocess.run([sys.executable, "-m", "pip", *install, *wheels], check=True)  # noqa: S603  # our own arguments
        shutil.rmtree(Path(output_dir) / "bin", ignore_errors=True)
        source_tree.copy(self._names, Path(output_dir))
        return True


def log_retention(config: Config) -> logs.RetentionDays:
    names = {1: "ONE_DAY", 14: "TWO_WEEKS", 30: "ONE_MONTH", 365: "ONE_YEAR"}
    return logs.RetentionDays[names[config.log_retention_days]]
