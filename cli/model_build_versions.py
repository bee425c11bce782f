"""Versions in the model package group: what each was made from, and what people have said of it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cli.account import Account
from cli.tables import printable
from cli.trouble import Trouble
from loupe import contracts


@dataclass(frozen=True, kw_only=True)
class Lineage:
    """A version: what it was made from, as its evaluation says, and what of that has another checksum today."""

    version: str
    arn: str
    approval: str
    package: dict[str, Any]
    evaluation: dict[str, Any]
    changed: list[str]

    def lines(self) -> list[str]:
        """For people, one thing a line; what is not as it was is said last."""
        told, properties = self.evaluation, self.package["CustomerMetadataProperties"]
        values = {
            "version": f"{self.version} ({self.approval})",
            "accuracy": f"{told['metrics']['accuracy']['value']:.4f} over {told['rows']} rows",
            "commit": told["bundle"]["commit"],
            "code bundle": f"{told['bundle']['sha256']}  {told['bundle']['uri']}",
            "train": f"{told['inputs']['train']['sha256']}  {properties['input_train']}",
            "validation": f"{told['inputs']['validation']['sha256']}  {properties['input_validation']}",
            "model": f"{told['model']['archive_sha256']}  {model_data(self.package)}",
            "execution": properties["execution"],
            "report": properties["report"],
        }
        changed = [f"{address} has other bytes today." for address in self.changed]
        return [*(f"{name:<12} {printable(value)}" for name, value in values.items()), *changed]

    def told(self) -> dict[str, Any]:
        """For machines."""
        properties = self.package["CustomerMetadataProperties"]
        return {
            "version": self.version,
            "arn": self.arn,
            "approval": self.approval,
            "model_data": model_data(self.package),
            "properties": properties,
            "evaluation": self.evaluation,
            "changed": self.changed,
        }


class Versions:
    """The group of one environment."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.group = account.parameter("model_build/model-group")

    def all(self) -> list[dict[str, Any]]:
        """The newest first, as a table has them."""
        pages = self._sagemaker.get_paginator("list_model_packages")
        asked = {"ModelPackageGroupName": self.group, "SortBy": "CreationTime", "SortOrder": "Descending"}
        with self.account.asked():
            found = [one for page in pages.paginate(**asked) for one in page["ModelPackageSummaryList"]]
        return [
            {
                "version": str(one["ModelPackageVersion"]),
                "approval": one["ModelApprovalStatus"],
                "created_at": one["CreationTime"].isoformat(timespec="seconds"),
                "arn": one["ModelPackageArn"],
            }
            for one in found
        ]

    def judge(self, version: str, verdict: str, note: str) -> str:
        """Approve of a version or reject it; its ARN."""
        arn = self._arn(version)
        said = {"ApprovalDescription": note} if note else {}
        with self.account.asked():
            self._sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=verdict, **said)
        return arn

    def lineage(self, version: str | None) -> Lineage:
        """Of a version, or the newest; Trouble if what it refers to is not there or breaks its contract."""
        arn = self._arn(version)
        with self.account.asked():
            package = self._sagemaker.describe_model_package(ModelPackageName=arn)
        address = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
        try:
            evaluation = contracts.check("model_build/evaluation", json.loads(self._read(address)))
        except ValueError as error:
            raise Trouble(f"{address} is no evaluation: {error}.") from error
        return Lineage(
            version=str(package["ModelPackageVersion"]),
            arn=arn,
            approval=package["ModelApprovalStatus"],
            package=package,
            evaluation=evaluation,
            changed=self._changed(package, evaluation),
        )

    def _changed(self, package: dict[str, Any], evaluation: dict[str, Any]) -> list[str]:
        """What has other bytes than the model was made from; tables may, the rest never does."""
        properties = package["CustomerMetadataProperties"]
        was = {
            properties["code_bundle"]: evaluation["bundle"]["sha256"],
            properties["input_train"]: evaluation["inputs"]["train"]["sha256"],
            properties["input_validation"]: evaluation["inputs"]["validation"]["sha256"],
            model_data(package): evaluation["model"]["archive_sha256"],
        }
        return [address for address, sha256 in was.items() if hashlib.sha256(self._read(address)).hexdigest() != sha256]

    def _arn(self, version: str | None) -> str:
        found = self.all()
        for one in found:
            if version in (None, one["version"], one["arn"]):
                return str(one["arn"])
        known = ", ".join(one["version"] for one in found) or "none yet"
        raise Trouble(f"{self.group} has no version {version or 'at all'}: there are {known}.")

    def _read(self, address: str) -> bytes:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        with self.account.asked():
            return bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    @cached_property
    def _sagemaker(self) -> Any:
        return self.account.client("sagemaker")

    @cached_property
    def _s3(self) -> Any:
        return self.account.client("s3")


def model_data(package: dict[str, Any]) -> str:
    """Where a package's archive lies."""
    return str(package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])
