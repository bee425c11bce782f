"""SageMaker's model registry: groups of model packages, made by stacks and by SDKs, kept on disk."""

import copy
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local import parameters
from local.models import InvalidRecord, Record
from local.requests import Need, checked
from local.seams import account, resources

PAGE = 10
_NAME, _ARN, _DESCRIPTION = "ModelPackageGroupName", "ModelPackageGroupArn", "ModelPackageGroupDescription"
_SORTED_BY = {"Name": _NAME, "CreationTime": "CreationTime"}


class Registry:
    """Model package groups at SageMaker's door. Nothing registers a package yet: groups are empty."""

    def __init__(self, file: Path) -> None:
        self._file, self._lock = file, threading.Lock()
        self._groups: dict[str, Record] = json.loads(file.read_text()) if file.exists() else {}
        self.operations: dict[str, Callable[[Record], Record | None]] = {
            "CreateModelPackageGroup": lambda ask: {_ARN: self._add(ask)},
            "DescribeModelPackageGroup": lambda ask: _described(self._find(ask[_NAME])),
            "ListModelPackageGroups": self._list,
            "DeleteModelPackageGroup": lambda ask: self._remove(ask[_NAME]),
            "ListModelPackages": self._list_packages,
        }

    def install(self) -> None:
        """Let templates make groups."""
        resources.add_resource_type(
            "AWS::SageMaker::ModelPackageGroup", create=self._make, update=self._change, delete=self._unmake
        )

    def needs(self, operation: str, ask: Record) -> list[Need]:
        """What the caller of an operation must be allowed to do."""
        action = f"sagemaker:{operation}"
        if operation.startswith("List"):
            return [Need(action, "*")]
        group = _arn(_short(str(ask.get(_NAME, ""))))
        tagging = [Need("sagemaker:AddTags", group)] if ask.get("Tags") else []
        return [Need(action, group), *tagging]

    def _add(self, ask: Record) -> str:
        name = ask[_NAME]
        with self._lock:
            if _key(name) in self._groups:
                raise InvalidRecord(f"Model Package Group already exists: {_arn(name)}")
            made = {"CreationTime": time.time(), "ModelPackageGroupStatus": "Completed"}
            self._groups[_key(name)] = {**copy.deepcopy(ask), _ARN: _arn(name), **made}
            self._save()
        return _arn(name)

    def _find(self, name: str) -> Record:
        found = self._groups.get(_key(name))
        if found is None:
            raise InvalidRecord(f"ModelPackageGroup {_short(name)} does not exist.")
        return found

    def _remove(self, name: str) -> None:
        self._find(name)
        with self._lock:
            self._groups.pop(_key(name), None)
            self._save()

    def _list(self, ask: Record) -> Record:
        found = [group for group in self._groups.values() if _wanted(group, ask)]
        key, down = _SORTED_BY[ask.get("SortBy", "CreationTime")], ask.get("SortOrder", "Ascending") == "Descending"
        ordered = sorted(found, key=lambda group: group[key], reverse=down)
        start, size = int(ask.get("NextToken", 0)), int(ask.get("MaxResults", PAGE))
        listed, more = parameters.part(ordered, start=start, size=size)
        summaries = [_described(group) for group in listed]
        return {"ModelPackageGroupSummaryList": summaries, **({"NextToken": more} if more else {})}

    def _list_packages(self, ask: Record) -> Record:
        if _NAME in ask:
            self._find(ask[_NAME])
        return {"ModelPackageSummaryList": []}

    def _make(self, logical_id: str, properties: Record, stack: str) -> resources.Created:
        asked = {_NAME: f"{stack}-{logical_id}"[:63], **properties}
        return self._made(self._add(checked("CreateModelPackageGroup", asked)))

    def _change(self, arn: str, _old: Record, new: Record, _stack: str, _logical_id: str) -> resources.Created:
        """Tags may change; a name or a description is for ever: AWS would make another group of the same name."""
        group = self._find(arn)
        for name in (_NAME, _DESCRIPTION):
            if new.get(name, group.get(name)) != group.get(name):
                raise InvalidRecord(f"{name} of {arn} cannot be changed.")
        with self._lock:
            group.update(new)
            self._save()
        return self._made(arn)

    def _made(self, arn: str) -> resources.Created:
        group = self._find(arn)
        told = (_ARN, "CreationTime", "ModelPackageGroupStatus")
        return arn, {name: str(group[name]) for name in told}

    def _unmake(self, arn: str, _properties: Record) -> None:
        self._remove(arn)

    def _save(self) -> None:
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(self._groups))
        draft.replace(self._file)


def _wanted(group: Record, ask: Record) -> bool:
    tests: dict[str, Callable[[Any], bool]] = {
        "NameContains": lambda text: text.lower() in group[_NAME].lower(),
        "CreationTimeAfter": lambda at: group["CreationTime"] > at,
        "CreationTimeBefore": lambda at: group["CreationTime"] < at,
    }
    return all(test(ask[name]) for name, test in tests.items() if name in ask)


def _described(group: Record) -> Record:
    told = (_NAME, _ARN, _DESCRIPTION, "CreationTime", "ModelPackageGroupStatus")
    by = {"UserProfileName": "", "DomainId": ""}
    return {**{name: group[name] for name in told if name in group}, "CreatedBy": by}


def _arn(name: str) -> str:
    return account.arn("sagemaker", f"model-package-group/{name.lower()}")


def _short(name: str) -> str:
    """A group's name, given as it or as its ARN."""
    return name.rpartition("/")[2]


def _key(name: str) -> str:
    """Names are the same whatever their case, as in ARNs."""
    return _short(name).lower()
