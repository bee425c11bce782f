"""Application Auto Scaling: targets and policies kept and described, so that stacks deploy; the laptop never scales."""

import json
import uuid
from pathlib import Path
from typing import Any

from local.seams import access, account, resources, routing

Record = dict[str, Any]


class Scaling:
    """The scalable targets and scaling policies of this laptop, by their physical ids."""

    def __init__(self, file: Path) -> None:
        self._file = file
        kept: dict[str, dict[str, Record]] = json.loads(file.read_text()) if file.exists() else {}
        self._targets, self._policies = kept.get("targets", {}), kept.get("policies", {})

    def install(self) -> None:
        """Add the service and its CloudFormation types to the engine."""
        name = "application-autoscaling"
        routing.add_service(name, target_prefix="AnyScaleFrontendService.", scope=name, service=self.handle)
        resources.add_resource_type(
            "AWS::ApplicationAutoScaling::ScalableTarget", create=self._make_target, delete=self._forget
        )
        resources.add_resource_type(
            "AWS::ApplicationAutoScaling::ScalingPolicy", create=self._make_policy, delete=self._forget
        )

    async def handle(
        self, _method: str, _path: str, headers: dict[str, str], _body: bytes, query: dict[str, Any]
    ) -> account.Answer:
        """Answer DescribeScalableTargets and DescribeScalingPolicies."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if refused := access.denied(
            "application-autoscaling", f"application-autoscaling:{operation}", "*", headers, query
        ):
            return refused
        described = {
            "DescribeScalableTargets": {"ScalableTargets": list(self._targets.values())},
            "DescribeScalingPolicies": {"ScalingPolicies": list(self._policies.values())},
        }
        answer = described.get(
            operation, {"__type": "ValidationException", "message": f"{operation} is not available."}
        )
        status = 200 if operation in described else 400
        return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()

    def _make_target(self, _logical_id: str, properties: Record, _stack: str) -> resources.Created:
        keys = ("ResourceId", "ScalableDimension", "ServiceNamespace")
        physical_id = "|".join(properties[key] for key in keys)
        capacities = {key: int(properties[key]) for key in ("MinCapacity", "MaxCapacity")}
        self._targets[physical_id] = {**{key: properties[key] for key in keys}, **capacities}
        self._save()
        return physical_id, {"Id": physical_id}

    def _make_policy(self, _logical_id: str, properties: Record, _stack: str) -> resources.Created:
        target = dict(
            zip(("ResourceId", "ScalableDimension", "ServiceNamespace"), _target_of(properties), strict=False)
        )
        arn = account.arn("autoscaling", f"scalingPolicy:{uuid.uuid4()}:policyName/{properties['PolicyName']}")
        described: Record = {key: properties[key] for key in ("PolicyName", "PolicyType") if key in properties}
        self._policies[arn] = {**target, **described, "PolicyARN": arn}
        self._save()
        return arn, {"Arn": arn}

    def _forget(self, physical_id: str, _properties: Record) -> None:
        self._targets.pop(physical_id, None)
        self._policies.pop(physical_id, None)
        self._save()

    def _save(self) -> None:
        self._file.write_text(json.dumps({"targets": self._targets, "policies": self._policies}))


def _target_of(properties: Record) -> list[str]:
    if "ScalingTargetId" in properties:
        return str(properties["ScalingTargetId"]).split("|")
    return [properties[key] for key in ("ResourceId", "ScalableDimension", "ServiceNamespace") if key in properties]
