"""What nobody may do to reference versions in the project bucket, in any environment."""

from aws_cdk import aws_s3 as s3

from lambdas.search.settings import POINTER, REFERENCE
from stacks.parts.refusals import refuse, without


def keep_references(bucket: s3.Bucket) -> None:
    """A version's files are written once; the pointer to the published one is replaced only by whom has seen it."""
    versions, pointer = bucket.arn_for_objects(f"{REFERENCE}*/*"), bucket.arn_for_objects(POINTER)
    put = ["s3:PutObject"]
    refuse(bucket, "ReferencesAreWrittenOnce", put, [versions], without("s3:if-none-match"))
    refuse(bucket, "ReferencePointerIsReplacedAsSeen", put, [pointer], without("s3:if-none-match", "s3:if-match"))
