"""What the API's functions say: checked messages, or one shape of error with a code and a sentence."""

import base64
import json
from typing import Any

from loupe import contracts

Reply = dict[str, Any]


class Refusal(Exception):
    """A request that is not granted; becomes the error envelope."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def reply(status: int, contract: str, message: Any) -> Reply:
    """A message that keeps its contract, as an API Gateway answer."""
    return content(status, "application/json", json.dumps(contracts.check(contract, message), ensure_ascii=False))


def refuse(refusal: Refusal) -> Reply:
    return reply(refusal.status, "api/error", {"error": {"code": refusal.code, "message": refusal.message}})


def content(status: int, content_type: str, text: str) -> Reply:
    headers = {"content-type": content_type, "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return {"statusCode": status, "headers": headers, "body": text}


def body(event: dict[str, Any]) -> str:
    """What was sent; API Gateway encodes it unless its content type says text."""
    sent = event.get("body") or ""
    return base64.b64decode(sent).decode("utf-8", "replace") if event.get("isBase64Encoded") else sent


def caller(event: dict[str, Any]) -> tuple[str, str]:
    """Who signed the request: the ARN, and the name under which the account's own uploads are filed."""
    identity = event["requestContext"]["authorizer"]["iam"]
    return identity["userArn"], f"account/{identity['accountId']}"
