"""What nobody may do to plates in the project bucket, in any environment: whatever their own policies allow."""

from aws_cdk import Stack
from aws_cdk import aws_s3 as s3

from config import Config
from lambdas.plate_runs.settings import LEDGER, MANIFESTS, PLATES, REPORTS, RUNS, SOURCES
from stacks.parts.naming import stack_options
from stacks.parts.refusals import but, refuse, without

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
    refuse(bucket, "PlatesAreWrittenOnce", put, archive, without("s3:if-none-match"))
    refuse(bucket, "LedgersAreReplacedAsSeen", put, [ledgers], without("s3:if-none-match", "s3:if-match"))
    refuse(bucket, "LedgersAreOfOneRole", put, [ledgers], but(break_glass, ledger_role))
    refuse(bucket, "PlatesStay", delete, [everything], but(break_glass))
