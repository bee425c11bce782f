"""Permissions of one verb on one prefix; the constructs' own grants add listing, tagging and legal holds."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3


def read_objects(bucket: s3.IBucket, grantee: iam.IGrantable, *prefixes: str) -> None:
    """Read objects and their older versions; `list_keys` besides, to be told 404 and not 403 of what is missing."""
    _allow_objects(bucket, grantee, ["s3:GetObject", "s3:GetObjectVersion"], prefixes)


def write_objects(bucket: s3.IBucket, grantee: iam.IGrantable, *prefixes: str) -> None:
    """Add objects, whole or in parts; nothing here deletes."""
    _allow_objects(bucket, grantee, ["s3:PutObject", "s3:AbortMultipartUpload"], prefixes)


def add_objects(bucket: s3.IBucket, grantee: iam.IGrantable, *prefixes: str) -> None:
    """Add objects in one piece."""
    _allow_objects(bucket, grantee, ["s3:PutObject"], prefixes)


def list_keys(bucket: s3.IBucket, grantee: iam.IGrantable) -> None:
    iam.Grant.add_to_principal(grantee=grantee, actions=["s3:ListBucket"], resource_arns=[bucket.bucket_arn])


def list_keys_below(bucket: s3.IBucket, grantee: iam.IGrantable, prefix: str) -> None:
    """List keys that begin so. `IfExists`, for a read has no prefix, and must be told 404 of what is missing too."""
    iam.Grant.add_to_principal(
        grantee=grantee,
        actions=["s3:ListBucket"],
        resource_arns=[bucket.bucket_arn],
        conditions={"StringLikeIfExists": {"s3:prefix": f"{prefix}*"}},
    )


def list_versions(bucket: s3.IBucket, grantee: iam.IGrantable) -> None:
    iam.Grant.add_to_principal(grantee=grantee, actions=["s3:ListBucketVersions"], resource_arns=[bucket.bucket_arn])


def use_items(table: dynamodb.ITable, grantee: iam.IGrantable, *verbs: str) -> None:
    _allow_table(table.table_arn, grantee, verbs)


def query_index(table: dynamodb.ITable, index: str, grantee: iam.IGrantable) -> None:
    _allow_table(f"{table.table_arn}/index/{index}", grantee, ("Query",))


def _allow_objects(bucket: s3.IBucket, grantee: iam.IGrantable, actions: list[str], prefixes: tuple[str, ...]) -> None:
    arns = [bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]
    iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=arns)
    if bucket.encryption_key:
        bucket.encryption_key.grant_encrypt_decrypt(grantee)


def _allow_table(arn: str, grantee: iam.IGrantable, verbs: tuple[str, ...]) -> None:
    actions = [f"dynamodb:{verb}" for verb in verbs]
    iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=[arn])
