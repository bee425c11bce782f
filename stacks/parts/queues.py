"""Queues between events and functions: what cannot be worked on comes back some times, then is set aside."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs


def retrying_queue(stack: Stack, name: str, *, redelivery_seconds: int) -> sqs.Queue:
    """A queue that sets a message aside after five vain attempts."""
    aside = sqs.Queue(stack, f"{name}SetAside", enforce_ssl=True, retention_period=Duration.days(14))
    return sqs.Queue(
        stack,
        name,
        enforce_ssl=True,
        visibility_timeout=Duration.seconds(redelivery_seconds),
        retention_period=Duration.days(4),
        dead_letter_queue=sqs.DeadLetterQueue(queue=aside, max_receive_count=5),
    )


def feed(function: lambda_.Function, queue: sqs.Queue) -> None:
    """Give the queue's messages to the function, five at a time, each of which may fail by itself."""
    function.add_event_source(
        sources.SqsEventSource(queue, batch_size=5, report_batch_item_failures=True, max_concurrency=10)
    )
