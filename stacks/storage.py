"""Storage: what outlives a deploy. One key, the buckets, the job table; it never computes."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config import Config
from lambdas.room_detection.settings import BY_OWNER, UNSETTLED
from stacks import project_tree
from stacks.parts.naming import parameter, stack_options
from stacks.parts.removal import removal_policy
from stacks.plates_custody import keep_plates


class StorageStack(Stack):
    """Blueprints and datasets come in, answers stay; all survive the stacks that use them."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config) -> None:
        super().__init__(scope, construct_id, **stack_options(config, "storage", protected=config.retain_data))
        self._config = config
        self._removal = removal_policy(config)
        self._break_glass = f"arn:{self.partition}:iam::*:role/{config.break_glass_role}"
        self.key = self._key()
        self._logs = self._access_logs()
        self.blueprints = self._bucket("Blueprints", self._lifecycle())
        self.results = self._bucket("Results", self._lifecycle())
        self.project = self._bucket("Project", project_tree.lifecycle())
        self.jobs = self._job_table()
        for bucket in (self.blueprints, self.project):
            self._announce_objects(bucket)
        self._expire_raw_output()
        self._refuse_overwriting_answers()
        self._refuse_deleting(self.results, "AnswersStay")
        self._refuse_deleting(self.project, "ProjectDataStays")
        keep_plates(self.project, config, break_glass=self._break_glass)
        project_tree.keep_written(self.project)
        for name, bucket in (("blueprints", self.blueprints), ("results", self.results), ("project", self.project)):
            parameter(self, config, "storage", f"{name}-bucket", bucket.bucket_name)

    def _key(self) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description=f"Loupe {self._config.environment}: blueprints, answers, jobs and messages",
            enable_key_rotation=True,
            removal_policy=self._removal,
            pending_window=Duration.days(30 if self._config.retain_data else 7),
        )

    def _access_logs(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,  # log delivery cannot use a customer's key
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            removal_policy=self._removal,
            lifecycle_rules=[s3.LifecycleRule(id="expire", expiration=Duration.days(self._config.log_retention_days))],
        )

    def _bucket(self, name: str, rules: list[s3.LifecycleRule]) -> s3.Bucket:
        return s3.Bucket(
            self,
            name,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=self._removal,
            lifecycle_rules=rules,
            server_access_logs_bucket=self._logs,
            server_access_logs_prefix=f"{name.lower()}/",
        )

    def _lifecycle(self) -> list[s3.LifecycleRule]:
        return [s3.LifecycleRule(id="abort-uploads", abort_incomplete_multipart_upload_after=Duration.days(7))]

    def _job_table(self) -> dynamodb.Table:
        def text(name: str) -> dynamodb.Attribute:
            return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)

        table = dynamodb.Table(
            self,
            "Jobs",
            partition_key=text("job_id"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires",
            deletion_protection=self._config.retain_data,
            removal_policy=self._removal,
        )
        table.add_global_secondary_index(index_name=BY_OWNER, partition_key=text("owner"), sort_key=text("created_at"))
        due = dynamodb.Attribute(name="due", type=dynamodb.AttributeType.NUMBER)
        table.add_global_secondary_index(
            index_name=UNSETTLED,
            partition_key=text("open"),
            sort_key=due,
            projection_type=dynamodb.ProjectionType.KEYS_ONLY,
        )
        return table

    def _announce_objects(self, bucket: s3.Bucket) -> None:
        """Send the bucket's events to EventBridge by property: the construct's own flag brings a custom resource."""
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        resource.add_property_override("NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True)

    def _expire_raw_output(self) -> None:
        days = Duration.days(self._config.room_detection.raw_output_days)
        self.results.add_lifecycle_rule(
            id="raw-endpoint-output",
            prefix="room_detection/endpoint/",
            expiration=days,
            noncurrent_version_expiration=days,
        )

    def _refuse_overwriting_answers(self) -> None:
        """Answers are written once: a put must say If-None-Match, except where SageMaker itself writes."""
        self.results.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AnswersAreWrittenOnce",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:PutObject"],
                not_resources=[self.results.arn_for_objects("room_detection/endpoint/*")],
                conditions={
                    "Null": {"s3:if-none-match": "true"},
                    "Bool": {"s3:ObjectCreationOperation": "true"},
                },
            )
        )

    def _refuse_deleting(self, bucket: s3.Bucket, statement_id: str) -> None:
        """Nothing is ever deleted where data is retained, but by the role that glass must be broken for."""
        if not self._config.retain_data:
            return
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=statement_id,
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=[
                    "s3:DeleteObject",
                    "s3:DeleteObjectVersion",
                    "s3:PutBucketVersioning",
                    "s3:DeleteBucketPolicy",
                ],
                resources=[bucket.bucket_arn, bucket.arn_for_objects("*")],
                conditions={"ArnNotLike": {"aws:PrincipalArn": self._break_glass}},
            )
        )
