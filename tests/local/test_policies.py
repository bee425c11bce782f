"""Promises of policies on the laptop: what they deny in AWS they deny here."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.laptop import Laptop
from tests.local.assemblies import write_assembly

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.laptop

EVERYTHING = {"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}
OBJECTS = {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/*"]]}
SEALED = {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/sealed/*"]]}
WRITERS = {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/writers/*"]]}
ONLY_PLANS = {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket", "Arn"]}, "/plans/*"]]}


def deny(action: str, *, condition: dict[str, Any] | None = None, **resource: Any) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": action, **resource}
    return {**statement, "Condition": condition} if condition else statement


STATEMENTS = [
    deny(
        "s3:PutObject",
        Resource=SEALED,
        condition={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    ),
    deny("s3:DeleteObject", NotResource=ONLY_PLANS),
    deny(
        "s3:PutObject",
        Resource=WRITERS,
        condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::000000000000:role/writer-*"}},
    ),
    deny("s3:*", Resource=OBJECTS, condition={"Bool": {"aws:SecureTransport": "false"}}),
]
STACK = {
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
    "Bucket": {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "VersioningConfiguration": {"Status": "Enabled"},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "ServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]},
                        }
                    }
                ]
            },
        },
    },
    "Policy": {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Bucket"},
            "PolicyDocument": {"Version": "2012-10-17", "Statement": STATEMENTS},
        },
    },
}


@dataclass
class Guarded:
    """A guarded bucket and users with the policies that a test gives them."""

    laptop: Laptop
    bucket: str
    users: int = 0

    def as_user(self, *statements: dict[str, Any]) -> "S3Client":
        iam, self.users = self.laptop.client("iam"), self.users + 1
        name = f"user{self.users}"
        iam.create_user(UserName=name)
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return self._s3(key["AccessKeyId"], key["SecretAccessKey"])

    def as_role(self, name: str, *statements: dict[str, Any]) -> "S3Client":
        """As a session of a role that the account may assume."""
        iam, account = self.laptop.client("iam"), {"AWS": "arn:aws:iam::000000000000:root"}
        trust = {"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=document)
        keys = self.laptop.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="session")["Credentials"]
        return self._s3(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def _s3(self, key: str, secret: str, token: str | None = None) -> "S3Client":
        session = boto3.Session(key, secret, token, region_name="us-east-1")
        return session.client("s3", endpoint_url=self.laptop.url, config=Config(s3={"addressing_style": "path"}))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder: Path = tmp_path_factory.mktemp("guarded")
    laptop = Laptop(folder / "home")
    try:
        laptop.up(write_assembly(folder / "out", {"Guarded": STACK}))
        buckets = [one["Name"] for one in laptop.client("s3").list_buckets()["Buckets"]]
        yield Guarded(laptop, next(name for name in buckets if name.startswith("guarded")))
    finally:
        laptop.down()


def test_a_sealed_object_is_written_only_by_a_writer_that_would_not_overwrite(guarded: Guarded) -> None:
    s3 = guarded.as_user(EVERYTHING)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=guarded.bucket, Key="sealed/a", Body=b"1")
    s3.put_object(Bucket=guarded.bucket, Key="sealed/a", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=guarded.bucket, Key="sealed/a", Body=b"2", IfNoneMatch="*")


def test_a_large_sealed_object_is_checked_when_it_is_completed(guarded: Guarded) -> None:
    s3 = guarded.as_user(EVERYTHING)
    where: Any = {"Bucket": guarded.bucket, "Key": "sealed/large"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    etag = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"1")["ETag"]
    parts: Any = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts, IfNoneMatch="*")


def test_a_statement_with_not_resource_holds_everywhere_else(guarded: Guarded) -> None:
    s3 = guarded.as_user(EVERYTHING)
    s3.put_object(Bucket=guarded.bucket, Key="plans/a", Body=b"1")
    s3.put_object(Bucket=guarded.bucket, Key="other/a", Body=b"1")
    s3.delete_object(Bucket=guarded.bucket, Key="plans/a")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=guarded.bucket, Key="other/a")


def test_a_session_counts_as_its_role_where_a_policy_names_principals(guarded: Guarded) -> None:
    asked: Any = {"Bucket": guarded.bucket, "Key": "writers/a", "Body": b"1"}
    guarded.as_role("writer-1", EVERYTHING).put_object(**asked)
    for other in (guarded.as_role("reader-1", EVERYTHING), guarded.as_user(EVERYTHING)):
        with pytest.raises(ClientError, match="AccessDenied"):
            other.put_object(**asked)


def test_a_copy_of_a_version_copies_that_version(guarded: Guarded) -> None:
    s3 = guarded.as_user(EVERYTHING)
    first = s3.put_object(Bucket=guarded.bucket, Key="plans/b", Body=b"first")["VersionId"]
    s3.put_object(Bucket=guarded.bucket, Key="plans/b", Body=b"second")
    source: Any = {"Bucket": guarded.bucket, "Key": "plans/b", "VersionId": first}
    s3.copy_object(Bucket=guarded.bucket, Key="plans/c", CopySource=source)
    assert s3.get_object(Bucket=guarded.bucket, Key="plans/c")["Body"].read() == b"first"


def test_an_encrypted_object_needs_its_key_as_well(guarded: Guarded) -> None:
    s3 = guarded.as_user({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        s3.put_object(Bucket=guarded.bucket, Key="plans/d", Body=b"1")
    guarded.as_user(EVERYTHING).put_object(Bucket=guarded.bucket, Key="plans/d", Body=b"1")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        s3.get_object(Bucket=guarded.bucket, Key="plans/d")
    actions = [denial["action"] for denial in guarded.laptop.last_denials()]
    assert {"kms:GenerateDataKey", "kms:Decrypt"} <= set(actions)


def test_a_refusal_names_the_action_and_the_resource(guarded: Guarded) -> None:
    s3 = guarded.as_user({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    with pytest.raises(ClientError, match=rf"s3:PutObject on resource: arn:aws:s3:::{guarded.bucket}/plans/e"):
        s3.put_object(Bucket=guarded.bucket, Key="plans/e", Body=b"1")
