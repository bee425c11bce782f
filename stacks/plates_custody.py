"""What nobody may do to plates in the project bucket, in any environment: whatever their own policies allow."""

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from config import Config
from lambdas.plate_runs.settings import LEDGER, MANIFESTS, PLATES, REPORTS, RUNS, SOURCES
from stacks.parts.naming import stack_options

LEDGER_ROLE = "JobsLedgerRole"  # its logical id in the slice's stack, which comes after this one


def keep_plates(bucket: s3.Bucket, config: Config, *, break_glass: str) -> None:
    """Plates and runs are written once, ledgers get versions from one role, and all of it stays.

    Where stacks are destroyed, CloudFormation removes the policy before the bucket, which can be emptied then.
    """
    stack = Stack.of(bucket)
    name = stack_options(config, "plate-runs")["stack_name"]
    ledger_role = f"arn:{stack.partition}:iam::{stack.account}:role/{name}-{LEDGER_ROLE}*"
    archive = [bucket.arn_for_objects(f"{place}*") for place in (SOURCES, MANIFESTS, RUNS, REPORTS)]
    ledgers, everything = bucket.arn_for_objects(f"{LEDGER}*"), bucket.arn_for_objects(f"{PLATES}*")
    put, delete = ["s3:PutObject"], ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    _refuse(bucket, "PlatesAreWrittenOnce", put, archive, _without("s3:if-none-match"))
    _refuse(bucket, "LedgersAreReplacedAsSeen", put, [ledgers], _without("s3:if-none-match", "s3:if-match"))
    _refuse(bucket, "LedgersAreOfOneRole", put, [ledgers], _but(break_glass, ledger_role))
    _refuse(bucket, "PlatesStay", delete, [everything], _but(break_glass))


def _refuse(
    bucket: s3.Bucket, statement_id: str, actions: list[str], objects: list[str], conditions: Mapping[str, object]
) -> None:
    statement = iam.PolicyStatement(
        sid=statement_id,
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=actions,
        resources=objects,
        conditions=conditions,
    )
    bucket.add_to_resource_policy(statement)


def _without(*headers: str) -> dict[str, object]:
    """A write that would overwrite whatever is there; parts of a large one are looked at when they are put together."""
    return {"Null": dict.fromkeys(headers, "true"), "Bool": {"s3:ObjectCreationOperation": "true"}}


def _but(*roles: str) -> dict[str, object]:
    return {"ArnNotLike": {"aws:PrincipalArn": list(roles)}}
