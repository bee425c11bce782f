"""The operations of the model registry: what each needs the caller's permission for, and what it answers."""

import copy
from collections.abc import Callable
from pathlib import Path

from local.models import InvalidRecord, Record
from local.registry import groups, packages
from local.registry.groups import Groups
from local.registry.packages import Emit, Packages
from local.requests import Need, to_make


class Registry:
    """Groups and their versions at SageMaker's door."""

    def __init__(self, home: Path, *, emit: Emit) -> None:
        self._packages = Packages(home / "packages.json", emit=emit)
        self.groups = Groups(home / "registry.json", self._packages)
        name, package = groups.NAME, "ModelPackageName"
        self.operations: dict[str, Callable[[Record], Record | None]] = {
            "CreateModelPackageGroup": lambda ask: {groups.ARN: self.groups.add(ask)},
            "DescribeModelPackageGroup": lambda ask: self.groups.describe(ask[name]),
            "ListModelPackageGroups": self.groups.list,
            "DeleteModelPackageGroup": lambda ask: self.groups.remove(ask[name]),
            "CreateModelPackage": self._register,
            "DescribeModelPackage": lambda ask: copy.deepcopy(self._packages.find(ask[package])),
            "ListModelPackages": self._list,
            "UpdateModelPackage": lambda ask: {packages.ARN: self._packages.update(ask)},
            "DeleteModelPackage": lambda ask: self._packages.remove(ask[package]),
        }

    def stop(self) -> None:
        """Return once everything has been told."""
        self._packages.stop()

    def needs(self, operation: str, ask: Record) -> list[Need]:
        """What the caller of an operation must be allowed to do."""
        action = f"sagemaker:{operation}"
        if operation.startswith("List"):
            return [Need(action, "*")]
        group = str(ask.get(groups.NAME, ""))
        if operation.endswith("Group"):
            return to_make(action, groups.arn(group), ask)
        if operation == "CreateModelPackage":
            return [Need(action, self._packages.next_arn(groups.short(group)))]
        return [Need(action, packages.arn_of(str(ask.get(packages.ARN) or ask.get("ModelPackageName", ""))))]

    def _register(self, ask: Record) -> Record:
        if groups.NAME not in ask:
            raise InvalidRecord(f"The laptop registers versions of groups only: give a {groups.NAME}.")
        self.groups.find(ask[groups.NAME])
        return {packages.ARN: self._packages.add(ask)}

    def _list(self, ask: Record) -> Record:
        if groups.NAME in ask:
            self.groups.find(ask[groups.NAME])
        return self._packages.list(ask)
