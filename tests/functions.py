"""What the tests of every slice's functions share: events as Lambda passes them, and what subscribers were told."""

import json
from typing import Any


class Context:
    """What Lambda passes beside the event."""

    function_name = "f"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    aws_request_id = "r"


def sqs_batch(*events: dict[str, Any]) -> dict[str, Any]:
    """An SQS batch as Lambda gets it."""
    arn = "arn:aws:sqs:us-east-1:123456789012:q"
    return {
        "Records": [
            {"messageId": str(number), "body": json.dumps(event), "eventSourceARN": arn, "eventSource": "aws:sqs"}
            for number, event in enumerate(events)
        ]
    }


def taken_from(queue: Any) -> list[dict[str, Any]]:
    """What came from a topic into a queue since the last look."""
    taken = []
    while messages := queue.receive_messages(MaxNumberOfMessages=10):
        for message in messages:
            taken.append(json.loads(json.loads(message.body)["Message"]))
            message.delete()
    return taken
