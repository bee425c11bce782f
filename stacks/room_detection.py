"""Room detection: a blueprint lands in S3, an endpoint that sleeps at zero finds rooms, one answer is kept and told.

S3 → EventBridge → queue → trigger → endpoint → success or error topic → queue → answer → results, job table, topic.
"""

from dataclasses import asdict

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from config import Config
from lambdas.room_detection.settings import ENDPOINT, JobSettings, StatusSettings, TriggerSettings, UploadSettings
from stacks.parts.naming import parameter, stack_options
from stacks.parts.python_function import SliceFunctions
from stacks.room_detection_endpoint import RoomDetectionEndpoint
from stacks.storage import StorageStack


class RoomDetectionStack(Stack):
    """Blueprint → rooms."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, storage: StorageStack) -> None:
        super().__init__(scope, construct_id, **stack_options(config, "room-detection"))
        self._config, self._storage = config.room_detection, storage
        self._functions = SliceFunctions(self, "room_detection", config)
        self.endpoint = RoomDetectionEndpoint(self, "Endpoint", config=config.room_detection, storage=storage)
        self.notifications = sns.Topic(self, "Notifications", master_key=storage.key, enforce_ssl=True)
        self.trigger, self.answer, self.sweep = self._trigger(), self._answer(), self._sweep()
        self.upload, self.status = self._upload(), self._status()
        for function in (self.trigger, self.answer, self.sweep):
            self._let_settle(function)
        self._announce(config)

    def _trigger(self) -> lambda_.Function:
        """Blueprints that land wait in a queue until they are handed to the endpoint."""
        config, storage = self._config, self._storage
        settings = TriggerSettings(
            **asdict(self._job_settings()),
            endpoint_name=self.endpoint.name,
            max_upload_mib=config.max_upload_mib,
            claim_seconds=config.function_timeout_seconds,
            queued_seconds=config.queued_minutes * 60,
            queue_ttl_seconds=config.queue_ttl_minutes * 60,
            invocation_timeout_seconds=config.invocation_timeout_minutes * 60,
        )
        trigger = self._functions.add("trigger", settings, timeout_seconds=config.function_timeout_seconds)
        arrivals = self._queue("Arrivals")
        self._landed(storage).add_target(targets.SqsQueue(arrivals))
        self._feed(trigger, arrivals)
        storage.blueprints.grant_read(trigger, "blueprints/*")
        storage.results.grant_put(trigger, f"{ENDPOINT}/input/*")
        self.endpoint.grant_invoke(trigger)
        return trigger

    def _landed(self, storage: StorageStack) -> events.Rule:
        key, bucket = {"key": [{"prefix": "blueprints/"}]}, {"name": [storage.blueprints.bucket_name]}
        pattern = events.EventPattern(
            source=["aws.s3"], detail_type=["Object Created"], detail={"bucket": bucket, "object": key}
        )
        return events.Rule(self, "Landed", event_pattern=pattern)

    def _answer(self) -> lambda_.Function:
        """What the endpoint says waits in a queue until its job is settled."""
        answer = self._add_settling("answer")
        answers = self._queue("Answers")
        for topic in (self.endpoint.successes, self.endpoint.errors):
            topic.add_subscription(subscriptions.SqsSubscription(answers, raw_message_delivery=True))
        self._feed(answer, answers)
        return answer

    def _sweep(self) -> lambda_.Function:
        """What no event settled, the clock does."""
        sweep = self._add_settling("sweep")
        every = events.Schedule.rate(Duration.minutes(self._config.sweep_minutes))
        events.Rule(self, "Sweeping", schedule=every, targets=[targets.LambdaFunction(sweep, retry_attempts=0)])
        self._storage.jobs.grant(sweep, "dynamodb:Query")
        return sweep

    def _add_settling(self, module: str) -> lambda_.Function:
        settings, timeout = self._job_settings(), self._config.function_timeout_seconds
        return self._functions.add(module, settings, timeout_seconds=timeout)

    def _upload(self) -> lambda_.Function:
        config, storage = self._config, self._storage
        settings = UploadSettings(
            jobs_table=storage.jobs.table_name,
            blueprints_bucket=storage.blueprints.bucket_name,
            max_upload_mib=config.max_upload_mib,
            upload_link_seconds=config.upload_link_minutes * 60,
        )
        upload = self._functions.add("upload", settings, timeout_seconds=10)
        storage.jobs.grant(upload, "dynamodb:PutItem")
        storage.blueprints.grant_put(upload, "blueprints/*")  # the form acts with the rights of whoever signed it
        return upload

    def _status(self) -> lambda_.Function:
        storage = self._storage
        settings = StatusSettings(jobs_table=storage.jobs.table_name, results_bucket=storage.results.bucket_name)
        status = self._functions.add("status", settings, timeout_seconds=10)
        storage.jobs.grant(status, "dynamodb:GetItem", "dynamodb:Query")
        storage.results.grant_read(status, "room_detection/*")
        return status

    def _job_settings(self) -> JobSettings:
        return JobSettings(
            jobs_table=self._storage.jobs.table_name,
            results_bucket=self._storage.results.bucket_name,
            notification_topic=self.notifications.topic_arn,
            job_retention_days=self._config.job_retention_days,
            look_again_seconds=self._config.look_again_seconds,
        )

    def _let_settle(self, function: lambda_.Function) -> None:
        """Whoever may end a job reads what the endpoint left, keeps the answer and tells the ending."""
        self._storage.jobs.grant(function, "dynamodb:GetItem", "dynamodb:UpdateItem")
        self._storage.results.grant_read(function, "room_detection/*")
        self._storage.results.grant_put(function, "room_detection/*")
        self.notifications.grant_publish(function)

    def _queue(self, name: str) -> sqs.Queue:
        """A queue that sets a message aside after five vain attempts."""
        aside = sqs.Queue(self, f"{name}SetAside", enforce_ssl=True, retention_period=Duration.days(14))
        return sqs.Queue(
            self,
            name,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(self._config.redelivery_seconds),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=aside, max_receive_count=5),
        )

    def _feed(self, function: lambda_.Function, queue: sqs.Queue) -> None:
        function.add_event_source(
            sources.SqsEventSource(queue, batch_size=5, report_batch_item_failures=True, max_concurrency=10)
        )

    def _announce(self, config: Config) -> None:
        CfnOutput(self, "EndpointName", value=self.endpoint.name)
        CfnOutput(self, "EndpointArn", value=self.endpoint.arn)
        CfnOutput(self, "NotificationTopicArn", value=self.notifications.topic_arn)
        CfnOutput(self, "ModelImageUri", value=self.endpoint.image_uri)
        parameter(self, config, "room-detection", "endpoint-name", self.endpoint.name)
        parameter(self, config, "room-detection", "notification-topic", self.notifications.topic_arn)
