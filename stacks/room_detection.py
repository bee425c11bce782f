"""Room detection: a blueprint lands in S3, an endpoint that sleeps at zero finds rooms, one answer is kept and told.

S3 → EventBridge → queue → trigger → endpoint → success or error topic → queue → answer → results, job table, topic.
"""

from dataclasses import asdict

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from config import Config
from lambdas.room_detection.settings import (
    BY_OWNER,
    ENDPOINT,
    UNSETTLED,
    JobSettings,
    StatusSettings,
    TriggerSettings,
    UploadSettings,
)
from stacks.parts import grants
from stacks.parts.naming import parameter, stack_options
from stacks.parts.python_function import SliceFunctions
from stacks.parts.queues import feed, retrying_queue
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
        arrivals = retrying_queue(self, "Arrivals", redelivery_seconds=config.redelivery_seconds)
        self._landed(storage).add_target(targets.SqsQueue(arrivals))
        feed(trigger, arrivals)
        grants.read_objects(storage.blueprints, trigger, "blueprints/")
        grants.write_objects(storage.results, trigger, f"{ENDPOINT}/input/")
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
        answers = retrying_queue(self, "Answers", redelivery_seconds=self._config.redelivery_seconds)
        for topic in (self.endpoint.successes, self.endpoint.errors):
            topic.add_subscription(subscriptions.SqsSubscription(answers, raw_message_delivery=True))
        feed(answer, answers)
        return answer

    def _sweep(self) -> lambda_.Function:
        """What no event settled, the clock does."""
        sweep = self._add_settling("sweep")
        every = events.Schedule.rate(Duration.minutes(self._config.sweep_minutes))
        events.Rule(self, "Sweeping", schedule=every, targets=[targets.LambdaFunction(sweep, retry_attempts=0)])
        grants.query_index(self._storage.jobs, UNSETTLED, sweep)
        return sweep

    def _add_settling(self, module: str) -> lambda_.Function:
        """A function that looks at what the endpoint left and keeps the answer."""
        settings, timeout = self._job_settings(), self._config.function_timeout_seconds
        function = self._functions.add(module, settings, timeout_seconds=timeout)
        grants.read_objects(self._storage.results, function, "room_detection/")
        grants.write_objects(self._storage.results, function, "room_detection/")
        grants.list_keys(self._storage.results, function)
        return function

    def _upload(self) -> lambda_.Function:
        config, storage = self._config, self._storage
        settings = UploadSettings(
            jobs_table=storage.jobs.table_name,
            blueprints_bucket=storage.blueprints.bucket_name,
            max_upload_mib=config.max_upload_mib,
            upload_link_seconds=config.upload_link_minutes * 60,
        )
        upload = self._functions.add("upload", settings, timeout_seconds=10)
        grants.use_items(storage.jobs, upload, "PutItem")
        grants.write_objects(storage.blueprints, upload, "blueprints/")  # the form acts with its signer's rights
        return upload

    def _status(self) -> lambda_.Function:
        storage = self._storage
        settings = StatusSettings(jobs_table=storage.jobs.table_name, results_bucket=storage.results.bucket_name)
        status = self._functions.add("status", settings, timeout_seconds=10)
        grants.use_items(storage.jobs, status, "GetItem")
        grants.query_index(storage.jobs, BY_OWNER, status)
        grants.read_objects(storage.results, status, "room_detection/")
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
        """Whoever may end a job records the ending and tells it."""
        grants.use_items(self._storage.jobs, function, "GetItem", "UpdateItem")
        self.notifications.grant_publish(function)

    def _announce(self, config: Config) -> None:
        CfnOutput(self, "EndpointName", value=self.endpoint.name)
        CfnOutput(self, "EndpointArn", value=self.endpoint.arn)
        CfnOutput(self, "NotificationTopicArn", value=self.notifications.topic_arn)
        CfnOutput(self, "ModelImageUri", value=self.endpoint.image_uri)
        parameter(self, config, "room-detection", "endpoint-name", self.endpoint.name)
        parameter(self, config, "room-detection", "notification-topic", self.notifications.topic_arn)
