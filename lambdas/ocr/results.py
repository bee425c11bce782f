"""What a run left in the results bucket, as far as its functions need to know."""

from botocore.exceptions import ClientError

from lambdas.ocr import clients


def is_complete(bucket: str, folder: str) -> bool:
    """Whether the run's manifest is there, which the program writes last."""
    try:
        clients.s3().head_object(Bucket=bucket, Key=f"{folder}manifest.json")
    except ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
            raise
        return False
    return True
