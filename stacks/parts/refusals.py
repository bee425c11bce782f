"""What a bucket refuses to everybody, whatever their own policies allow."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3


def refuse(
    bucket: s3.Bucket,
    statement_id: str,
    actions: Sequence[str],
    objects: Sequence[str],
    conditions: Mapping[str, object],
) -> None:
    """Deny actions on objects, given as ARNs, to everybody under these conditions."""
    statement = iam.PolicyStatement(
        sid=statement_id,
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=list(actions),
        resources=list(objects),
        conditions=conditions,
    )
    bucket.add_to_resource_policy(statement)


def without(*headers: str) -> dict[str, object]:
    """A write that would overwrite whatever is there; parts of a large one are looked at when they are put together."""
    return {"Null": dict.fromkeys(headers, "true"), "Bool": {"s3:ObjectCreationOperation": "true"}}


def but(*roles: str) -> dict[str, object]:
    """Everybody else than these roles."""
    return {"ArnNotLike": {"aws:PrincipalArn": list(roles)}}
