"""Groups of model packages, made by stacks and by SDKs."""

import copy
import time
from pathlib import Path
from typing import Protocol

from local.models import InvalidRecord, Record
from local.records import Records
from local.requests import Conflict, checked, fits, page
from local.seams import account, resources
from local.tags import Change, as_list, by_key

NAME, ARN, DESCRIPTION = "ModelPackageGroupName", "ModelPackageGroupArn", "ModelPackageGroupDescription"
_SORTED_BY = {"Name": NAME, "CreationTime": "CreationTime"}


class Versions(Protocol):
    """What the groups ask of their versions."""

    def count(self, group: str) -> int:
        """How many versions a group has."""

    def forget(self, group: str) -> None:
        """Let the versions of a group begin anew."""


class Groups:
    """Model package groups."""

    def __init__(self, file: Path, versions: Versions) -> None:
        self._records, self._versions = Records(file), versions

    def install(self) -> None:
        """Let templates make groups."""
        resources.add_resource_type(
            "AWS::SageMaker::ModelPackageGroup", create=self._make, update=self._change, delete=self._unmake
        )

    def add(self, ask: Record) -> str:
        """Make a group; answer its ARN."""
        name = ask[NAME]
        with self._records.lock:
            if key(name) in self._records.all:
                raise InvalidRecord(f"Model Package Group already exists: {arn(name)}")
            made = {"CreationTime": time.time(), "ModelPackageGroupStatus": "Completed"}
            self._records.all[key(name)] = {**copy.deepcopy(ask), ARN: arn(name), **made}
            self._records.save()
        return arn(name)

    def find(self, name: str) -> Record:
        """A group by its name or ARN."""
        found = self._records.all.get(key(name))
        if found is None:
            raise InvalidRecord(f"ModelPackageGroup {short(name)} does not exist.")
        return found

    def remove(self, name: str) -> None:
        """Forget a group, if it is empty."""
        with self._records.lock:
            group = self.find(name)
            if versions := self._versions.count(group[NAME]):
                raise Conflict(
                    f"The model package group {group[ARN]} still has {versions} versions: delete them first."
                )
            self._versions.forget(group[NAME])
            self._records.all.pop(key(name))
            self._records.save()

    def describe(self, name: str) -> Record:
        """A group as it is described."""
        return _described(self.find(name))

    def list(self, ask: Record) -> Record:
        """The groups that a request asks for."""
        found = [group for group in self._records.all.values() if _wanted(group, ask)]
        by, down = _SORTED_BY[ask.get("SortBy", "CreationTime")], ask.get("SortOrder", "Ascending") == "Descending"
        listed, more = page(found, ask, by=by, descending=down)
        return {"ModelPackageGroupSummaryList": [_described(group) for group in listed], **more}

    def tag(self, name: str, change: Change) -> dict[str, str]:
        """Change the tags of a group; answer all it has."""
        with self._records.lock:
            group = self.find(name)
            tags = by_key(group.get("Tags", []))
            change(tags)
            group["Tags"] = as_list(tags)
            self._records.save()
        return tags

    def _make(self, logical_id: str, properties: Record, stack: str) -> resources.Created:
        asked = {NAME: f"{stack}-{logical_id}"[:63], **properties}
        return self._made(self.add(checked("CreateModelPackageGroup", asked)))

    def _change(self, arn: str, _old: Record, new: Record, _stack: str, _logical_id: str) -> resources.Created:
        """Tags may change; a name or a description is for ever: AWS would make another group of the same name."""
        with self._records.lock:
            group = self.find(arn)
            for name in (NAME, DESCRIPTION):
                if new.get(name, group.get(name)) != group.get(name):
                    raise InvalidRecord(f"{name} of {arn} cannot be changed.")
            group.update(new)
            self._records.save()
        return self._made(arn)

    def _made(self, arn: str) -> resources.Created:
        group = self.find(arn)
        told = (ARN, "CreationTime", "ModelPackageGroupStatus")
        return arn, {name: str(group[name]) for name in told}

    def _unmake(self, arn: str, _properties: Record) -> None:
        self.remove(arn)


def arn(name: str) -> str:
    """The ARN of a group."""
    return account.arn("sagemaker", f"model-package-group/{short(name).lower()}")


def short(name: str) -> str:
    """A group's name, given as it or as its ARN."""
    return name.rpartition("/")[2]


def key(name: str) -> str:
    """Names are the same whatever their case, as in ARNs."""
    return short(name).lower()


def _wanted(group: Record, ask: Record) -> bool:
    return fits(
        ask,
        {
            "NameContains": lambda text: text.lower() in group[NAME].lower(),
            "CreationTimeAfter": lambda at: group["CreationTime"] > at,
            "CreationTimeBefore": lambda at: group["CreationTime"] < at,
        },
    )


def _described(group: Record) -> Record:
    told = (NAME, ARN, DESCRIPTION, "CreationTime", "ModelPackageGroupStatus")
    by = {"UserProfileName": "", "DomainId": ""}
    return {**{name: group[name] for name in told if name in group}, "CreatedBy": by}
