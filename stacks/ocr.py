"""OCR: a table of page images lands in S3, one Batch job reads each page once, its parts are kept, its ending is told.

S3 → EventBridge → queue → submit → Batch job → results; the job's end → EventBridge → queue → ending → topic.
"""

from dataclasses import asdict

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Config
from lambdas.ocr.settings import INCOMING, OUTPUT, RunSettings, SubmitSettings
from loupe.settings import Settings
from stacks.ocr_job import OcrJob
from stacks.parts import grants
from stacks.parts.naming import parameter, stack_options
from stacks.parts.python_function import SliceFunctions
from stacks.parts.queues import feed, retrying_queue
from stacks.storage import StorageStack


class OcrStack(Stack):
    """Page images → words."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, storage: StorageStack) -> None:
        super().__init__(scope, construct_id, **stack_options(config, "ocr"))
        self._config, self._storage = config.ocr, storage
        self._functions = SliceFunctions(self, "ocr", config)
        self.job = OcrJob(self, "Job", config=config, storage=storage)
        self.runs = self._runs()
        self.notifications = sns.Topic(self, "Notifications", master_key=storage.key, enforce_ssl=True)
        self.submit, self.ending = self._submit(), self._ending()
        self._announce(config)

    def _runs(self) -> dynamodb.Table:
        """Who submits which run now, and what has been told; a deploy may lose it, for S3 and Batch know the rest."""
        return dynamodb.Table(
            self,
            "Runs",
            partition_key=dynamodb.Attribute(name="run_id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self._storage.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires",
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _submit(self) -> lambda_.Function:
        """Datasets that land wait in a queue until they have a job; whoever may invoke the function can ask, too."""
        config, storage = self._config, self._storage
        settings = SubmitSettings(
            **asdict(self._run_settings()),
            project_bucket=storage.project.bucket_name,
            job_queue=self.job.queue_arn,
            job_definition=self.job.definition_arn,
            model=config.model,
            rate_per_second=config.rate_per_second,
            checkpoint_rows=config.checkpoint_rows,
            max_in_flight=config.max_in_flight,
            lease_seconds=config.lease_seconds,
        )
        submit = self._function("submit", settings, queue="Arrivals", rule=self._landed())
        grants.read_objects(storage.project, submit, INCOMING)
        grants.list_keys(storage.project, submit)
        self.job.grant_submit(submit)
        return submit

    def _landed(self) -> events.Rule:
        datasets = {"key": [{"wildcard": f"{INCOMING}*.parquet"}]}
        bucket = {"name": [self._storage.project.bucket_name]}
        pattern = events.EventPattern(
            source=["aws.s3"], detail_type=["Object Created"], detail={"bucket": bucket, "object": datasets}
        )
        return events.Rule(self, "Landed", event_pattern=pattern)

    def _ending(self) -> lambda_.Function:
        """Jobs that ended wait in a queue until it is told."""
        return self._function("ending", self._run_settings(), queue="Endings", rule=self._ended())

    def _ended(self) -> events.Rule:
        pattern = events.EventPattern(
            source=["aws.batch"],
            detail_type=["Batch Job State Change"],
            detail={"jobQueue": [self.job.queue_arn], "status": ["SUCCEEDED", "FAILED"]},
        )
        return events.Rule(self, "Ended", event_pattern=pattern)

    def _function(self, module: str, settings: Settings, *, queue: str, rule: events.Rule) -> lambda_.Function:
        """A function behind a queue that a rule fills; it knows the runs, looks at their results and tells endings."""
        function = self._functions.add(module, settings, timeout_seconds=self._config.function_timeout_seconds)
        waiting = retrying_queue(self, queue, redelivery_seconds=self._config.redelivery_seconds)
        rule.add_target(targets.SqsQueue(waiting))
        feed(function, waiting)
        grants.use_items(self.runs, function, "GetItem", "UpdateItem")
        grants.read_objects(self._storage.results, function, OUTPUT)
        grants.list_keys(self._storage.results, function)
        self.notifications.grant_publish(function)
        return function

    def _run_settings(self) -> RunSettings:
        return RunSettings(
            runs_table=self.runs.table_name,
            results_bucket=self._storage.results.bucket_name,
            notification_topic=self.notifications.topic_arn,
            run_memory_days=self._config.run_memory_days,
            telling_seconds=self._config.function_timeout_seconds,
        )

    def _announce(self, config: Config) -> None:
        told = {
            "queue": self.job.queue_arn,
            "job-definition": self.job.definition_arn,
            "submit-function": self.submit.function_name,
            "notification-topic": self.notifications.topic_arn,
            "secret": self.job.secret.ref,
            "log-group": self.job.log.log_group_name,
        }
        for name, value in told.items():
            parameter(self, config, "ocr", name, value)
        CfnOutput(self, "QueueArn", value=self.job.queue_arn)
        CfnOutput(self, "JobDefinitionArn", value=self.job.definition_arn)
        CfnOutput(self, "SubmitFunctionName", value=self.submit.function_name)
        CfnOutput(self, "NotificationTopicArn", value=self.notifications.topic_arn)
        CfnOutput(self, "SecretArn", value=self.job.secret.ref)
