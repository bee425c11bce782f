"""Template properties that ministack ignores, applied once their resource exists."""

from typing import Any

import boto3
from botocore.serialize import create_serializer

from local.seams import account, resources

Properties = dict[str, Any]


def install() -> None:
    """Apply the ignored properties from now on."""
    resources.after_resource("AWS::S3::Bucket", _complete_bucket)
    resources.forget_deleted_buckets()
    resources.after_resource("AWS::DynamoDB::Table", _complete_table)
    resources.after_resource("AWS::Lambda::Function", resources.complete_function)
    resources.before_resource("AWS::ApiGatewayV2::Api", _with_api_cors)
    resources.complete_secrets()


def _complete_bucket(name: str, properties: Properties) -> None:
    if encryption := properties.get("BucketEncryption"):
        resources.configure_bucket(name, "encryption", _xml("PutBucketEncryption", _encryption(encryption)))
    if lifecycle := properties.get("LifecycleConfiguration"):
        resources.configure_bucket(name, "lifecycle", _xml("PutBucketLifecycleConfiguration", _lifecycle(lifecycle)))
    if tags := properties.get("Tags"):
        resources.configure_bucket(name, "tagging", _xml("PutBucketTagging", {"Tagging": {"TagSet": tags}}))


def _complete_table(name: str, properties: Properties) -> None:
    if expiry := properties.get("TimeToLiveSpecification"):
        specification = {**expiry, "Enabled": _true(expiry.get("Enabled"))}
        resources.configure_table("_update_ttl", {"TableName": name, "TimeToLiveSpecification": specification})
    if recovery := properties.get("PointInTimeRecoverySpecification"):
        enabled = {"PointInTimeRecoveryEnabled": _true(recovery["PointInTimeRecoveryEnabled"])}
        ask = {"TableName": name, "PointInTimeRecoverySpecification": enabled}
        resources.configure_table("_update_continuous_backups", ask)


def _with_api_cors(properties: Properties) -> Properties:
    cors = properties.get("CorsConfiguration")
    if not cors:
        return properties
    return {**properties, "CorsConfiguration": {key[0].lower() + key[1:]: value for key, value in cors.items()}}


def _encryption(template: Properties) -> Properties:
    rules = [
        {
            "ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"],
            "BucketKeyEnabled": _true(rule.get("BucketKeyEnabled")),
        }
        for rule in template["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _lifecycle(template: Properties) -> Properties:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in template["Rules"]]}}


def _lifecycle_rule(rule: Properties) -> Properties:
    counted = ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    return {
        **({"ID": rule["Id"]} if "Id" in rule else {}),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
        **_expiration(rule),
        **_transitions(rule),
        **{key: {name: int(value) for name, value in rule[key].items()} for key in counted if key in rule},
    }


def _expiration(rule: Properties) -> Properties:
    if "ExpirationInDays" in rule:
        return {"Expiration": {"Days": int(rule["ExpirationInDays"])}}
    if "ExpiredObjectDeleteMarker" in rule:
        return {"Expiration": {"ExpiredObjectDeleteMarker": _true(rule["ExpiredObjectDeleteMarker"])}}
    return {}


def _transitions(rule: Properties) -> Properties:
    steps = [
        {"Days": int(step["TransitionInDays"]), "StorageClass": step["StorageClass"]}
        for step in rule.get("Transitions", [])
    ]
    return {"Transitions": steps} if steps else {}


def _xml(operation: str, parameters: Properties) -> bytes:
    """The body that an SDK would send for an S3 operation."""
    model = boto3.Session(region_name=account.REGION).client("s3").meta.service_model
    serializer = create_serializer("rest-xml", include_validation=False)
    request = serializer.serialize_to_request({"Bucket": "any", **parameters}, model.operation_model(operation))
    body: bytes = request["body"]
    return body


def _true(value: object) -> bool:
    return str(value).lower() == "true"
