"""Model packages: the versions of a group, from their registration over their approval to their deletion."""

import copy
import time
from collections.abc import Callable
from pathlib import Path

from local.models import InvalidRecord, Record
from local.records import Records
from local.registry import groups
from local.requests import fits, moment, page
from local.seams import account
from local.workers import Workers

ARN, VERSION, STATUS = "ModelPackageArn", "ModelPackageVersion", "ModelApprovalStatus"
EVENT = "SageMaker Model Package State Change"
COMPLETED = {
    "ModelPackageStatus": "Completed",
    "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
}
CONTENTS = ("InferenceSpecification", "SourceAlgorithmSpecification", "SourceUri")
CHANGEABLE = {
    ARN,
    STATUS,
    "ApprovalDescription",
    "CustomerMetadataProperties",
    "CustomerMetadataPropertiesToRemove",
    "ClientToken",
}
MOST_PROPERTIES = 50
Emit = Callable[[str, Record, list[str]], None]
_SUMMARY = (
    groups.NAME,
    VERSION,
    ARN,
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    STATUS,
)
_SORTED_BY = {"Name": ARN, "CreationTime": "CreationTime"}


class Packages:
    """All versions of all groups; within a group, a version's number is never given again."""

    def __init__(self, file: Path, *, emit: Emit) -> None:
        self._records, self._emit, self._workers = Records(file), emit, Workers("registry")

    def stop(self) -> None:
        """Return once everything has been told."""
        self._workers.join()

    def count(self, group: str) -> int:
        """How many versions a group has."""
        return len(self._of(group)["packages"])

    def forget(self, group: str) -> None:
        """Let the versions of a group begin anew."""
        with self._records.lock:
            self._records.all.pop(groups.key(group), None)
            self._records.save()

    def next_arn(self, group: str) -> str:
        """The ARN that a group's next version will have."""
        return _arn(group, self._of(group)["last"] + 1)

    def add(self, ask: Record) -> str:
        """Register a version; the same request token registers it once. Answer its ARN."""
        group, token = groups.short(ask[groups.NAME]), ask.get("ClientToken", "")
        if ask.get("Tags"):
            raise InvalidRecord("A version of a group has the tags of its group: leave Tags out.")
        if not any(name in ask for name in CONTENTS):
            raise InvalidRecord(f"A model package needs one of {', '.join(CONTENTS)}.")
        with self._records.lock:
            versions = self._records.all.setdefault(groups.key(group), self._of(group))
            if token and token in versions["tokens"]:
                return str(versions["tokens"][token])
            versions["last"] += 1
            made = _package(ask, group, versions["last"])
            versions["packages"][made[ARN]] = made
            if token:
                versions["tokens"][token] = made[ARN]
            self._changed(made)
        return str(made[ARN])

    def find(self, name: str) -> Record:
        """A version by its ARN, or by its group and number."""
        arn = arn_of(name)
        found = self._of(arn.split("/")[1])["packages"].get(arn)
        if found is None:
            raise InvalidRecord(f"ModelPackage {name} does not exist.")
        package: Record = found
        return package

    def update(self, ask: Record) -> str:
        """Change a version's approval or its metadata; answer its ARN."""
        if unknown := sorted(ask.keys() - CHANGEABLE):
            raise InvalidRecord(f"The laptop changes no {', '.join(unknown)} of a model package.")
        with self._records.lock:
            package = self.find(ask[ARN])
            known = package.get("CustomerMetadataProperties", {})
            removed = ask.get("CustomerMetadataPropertiesToRemove", [])
            kept = {name: value for name, value in known.items() if name not in removed}
            changes = {name: ask[name] for name in (STATUS, "ApprovalDescription") if name in ask}
            properties = {**kept, **ask.get("CustomerMetadataProperties", {})}
            if len(properties) > MOST_PROPERTIES:
                raise InvalidRecord(
                    f"CustomerMetadataProperties has {len(properties)} of at most {MOST_PROPERTIES} entries."
                )
            package.update(changes, CustomerMetadataProperties=properties, LastModifiedTime=time.time())
            self._changed(package)
        return str(package[ARN])

    def remove(self, name: str) -> None:
        """Forget a version."""
        with self._records.lock:
            package = self.find(name)
            self._of(package[groups.NAME])["packages"].pop(package[ARN])
            self._records.save()

    def list(self, ask: Record) -> Record:
        """The versions that a request asks for; without a group, none unless it asks for versions."""
        versioned = groups.NAME in ask or ask.get("ModelPackageType", "Unversioned") != "Unversioned"
        every = [one for versions in self._records.all.values() for one in versions["packages"].values()]
        found = [package for package in every if versioned and _wanted(package, ask)]
        by, down = _SORTED_BY[ask.get("SortBy", "CreationTime")], ask.get("SortOrder", "Ascending") == "Descending"
        listed, more = page(found, ask, by=by, descending=down)
        summaries = [{name: one[name] for name in _SUMMARY if name in one} for one in listed]
        return {"ModelPackageSummaryList": summaries, **more}

    def _of(self, group: str) -> Record:
        return self._records.all.get(groups.key(group), {"last": 0, "packages": {}, "tokens": {}})

    def _changed(self, package: Record) -> None:
        self._records.save()
        self._workers.tell(self._emit, EVENT, _told(copy.deepcopy(package)), [package[ARN]])


def _package(ask: Record, group: str, version: int) -> Record:
    kept = {name: value for name, value in ask.items() if name not in {"ClientToken", "Tags"}}
    return {
        STATUS: "PendingManualApproval",
        "CertifyForMarketplace": False,
        **copy.deepcopy(kept),
        **COMPLETED,
        groups.NAME: group,
        VERSION: version,
        ARN: _arn(group, version),
        "CreationTime": time.time(),
    }


def arn_of(name: str) -> str:
    """The ARN of a version, given as it or as its group and number."""
    return account.arn("sagemaker", f"model-package/{name.rpartition(':model-package/')[2].lower()}")


def _arn(group: str, version: int) -> str:
    return arn_of(f"{group}/{version}")


def _wanted(package: Record, ask: Record) -> bool:
    return fits(
        ask,
        {
            groups.NAME: lambda name: groups.key(name) == groups.key(package[groups.NAME]),
            STATUS: lambda status: status == package[STATUS],
            "NameContains": lambda text: text.lower() in package[ARN].partition("/")[2],
            "CreationTimeAfter": lambda at: package["CreationTime"] > at,
            "CreationTimeBefore": lambda at: package["CreationTime"] < at,
        },
    )


def _told(package: Record) -> Record:
    """A version as its events tell it."""
    times = {name: package[name] for name in ("CreationTime", "LastModifiedTime") if name in package}
    return {**package, **{name: moment(at) for name, at in times.items()}}
