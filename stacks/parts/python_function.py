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

_LIBC = ("manylinux_2_28", "manylinux_2_27", "manylinux2014")  # wheels that run on Lambda's Amazon Linux 2023
LAMBDA_PLATFORM = [
    *("--implementation", "cp", "--python-version", "3.14"),
    *(word for libc in _LIBC for word in ("--platform", f"{libc}_aarch64")),
]


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
        platform = [] if self._config.libraries_of_this_machine else LAMBDA_PLATFORM
        return lambda_.Code.from_asset(
            str(source_tree.ROOT / "lambdas" / self._slice),
            asset_hash=source_tree.fingerprint(names, *platform),
            bundling=BundlingOptions(
                image=DockerImage.from_registry("never-used"), local=_Bundler(self._slice, platform)
            ),
        )


@jsii.implements(ILocalBundling)
class _Bundler:
    """Bundles on this machine, without Docker; the laptop's functions find its libraries, so theirs are left out."""

    def __init__(self, slice_name: str, platform: list[str]) -> None:
        self._slice, self._platform = slice_name, platform

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        if self._platform:
            install_libraries(self._slice, Path(output_dir), self._platform)
        source_tree.copy(source_tree.contents("lambdas", self._slice), Path(output_dir))
        return True


def install_libraries(slice_name: str, folder: Path, platform: list[str]) -> None:
    """The slice's locked libraries as wheels for a platform; nothing is built."""
    requirements = source_tree.ROOT / "lambdas" / slice_name / "requirements.txt"
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "--require-hashes"]
    wheels = ["--only-binary=:all:", *platform, "--target", str(folder), "--requirement", str(requirements)]
    subprocess.run([sys.executable, "-m", "pip", *install, *wheels], check=True)  # noqa: S603  # our own arguments
    shutil.rmtree(folder / "bin", ignore_errors=True)


def log_retention(config: Config) -> logs.RetentionDays:
    names = {1: "ONE_DAY", 14: "TWO_WEEKS", 30: "ONE_MONTH", 365: "ONE_YEAR"}
    return logs.RetentionDays[names[config.log_retention_days]]
