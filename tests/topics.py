"""What a topic on the laptop says, heard by a queue of a test's own."""

import json
import uuid
from typing import Any

from local.laptop import Laptop


class Subscription:
    """Everything that a topic has said since."""

    def __init__(self, laptop: Laptop, topic: str) -> None:
        self._sqs, self._said = laptop.client("sqs"), list[dict[str, Any]]()
        self._queue = self._sqs.create_queue(QueueName=f"told-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        asked: Any = {"QueueUrl": self._queue, "AttributeNames": ["QueueArn"]}
        arn = self._sqs.get_queue_attributes(**asked)["Attributes"]["QueueArn"]
        statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        raw = {"RawMessageDelivery": "true"}
        laptop.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)

    def said(self) -> list[dict[str, Any]]:
        while found := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                self._said.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return self._said
