"""The room detector behind a SageMaker asynchronous endpoint: no instance while nothing waits, more while much does."""

import re
from collections.abc import Mapping

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import RoomDetectionConfig
from containers.room_detection.limits import Limits
from lambdas.room_detection.settings import ENDPOINT
from stacks.parts import grants
from stacks.parts.program_image import program_image
from stacks.storage import StorageStack

_VARIANT = "main"
_ECR_URI = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)[:@].+")


class RoomDetectionEndpoint(Construct):
    """Model, endpoint, its two topics and its scaling. The model runs without network and without credentials."""

    def __init__(
        self, scope: Construct, construct_id: str, *, config: RoomDetectionConfig, storage: StorageStack
    ) -> None:
        super().__init__(scope, construct_id)
        self._config, self._storage = config, storage
        self.successes = sns.Topic(self, "Successes", master_key=storage.key, enforce_ssl=True)
        self.errors = sns.Topic(self, "Errors", master_key=storage.key, enforce_ssl=True)
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        self.image_uri = self._image()
        self._grant()
        endpoint = self._endpoint(self._endpoint_config(self._model()))
        self.name, self.arn = endpoint.attr_endpoint_name, endpoint.ref
        self._scale()

    def grant_invoke(self, grantee: iam.IGrantable) -> None:
        iam.Grant.add_to_principal(grantee=grantee, actions=["sagemaker:InvokeEndpointAsync"], resource_arns=[self.arn])

    def _image(self) -> str:
        """The image of this repository, or the one that `-c model_image_uri=…` names."""
        given = self._config.model_image_uri
        if not given:
            image = program_image(self, "room_detection")
            image.repository.grant_pull(self._role)
            return image.image_uri
        found = _ECR_URI.fullmatch(given)
        if found is None:
            raise ValueError(f"model_image_uri must be an image in Amazon ECR with a tag or digest, not {given!r}")
        account, region, repository = found.groups()
        arn = f"arn:{Stack.of(self).partition}:ecr:{region}:{account}:repository/{repository}"
        pull = ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
        self._allow(pull, arn)
        self._allow(["ecr:GetAuthorizationToken"], "*")  # the token names no repository
        return given

    def _grant(self) -> None:
        """SageMaker itself acts with this role: it fetches inputs, stores outputs, publishes, logs."""
        results = self._storage.results
        grants.read_objects(results, self._role, f"{ENDPOINT}/input/")
        grants.write_objects(results, self._role, f"{ENDPOINT}/output/", f"{ENDPOINT}/failure/")
        for topic in (self.successes, self.errors):
            topic.grant_publish(self._role)
        stack = Stack.of(self)
        logs = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name="/aws/sagemaker/Endpoints/*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        write = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        self._allow(write, logs)
        own_metrics = {"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}}
        self._allow(["cloudwatch:PutMetricData"], "*", own_metrics)  # metrics have no ARN

    def _allow(self, actions_: list[str], resource: str, conditions: Mapping[str, object] | None = None) -> None:
        statement = iam.PolicyStatement(actions=actions_, resources=[resource], conditions=conditions)
        self._role.add_to_principal_policy(statement)

    def _model(self) -> sagemaker.CfnModel:
        config = self._config
        limits = Limits(
            max_upload_mib=config.max_upload_mib,
            max_megapixels=config.max_megapixels,
            max_pages=config.max_pages,
            pdf_dpi=config.pdf_dpi,
        )
        container = sagemaker.CfnModel.ContainerDefinitionProperty(
            image=self.image_uri, environment=limits.to_environ()
        )
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=self._role.role_arn,
            primary_container=container,
            enable_network_isolation=True,
        )
        model.node.add_dependency(self._role)
        return model

    def _endpoint_config(self, model: sagemaker.CfnModel) -> sagemaker.CfnEndpointConfig:
        variant = sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=_VARIANT,
            model_name=model.attr_model_name,
            instance_type=self._config.instance_type,
            initial_instance_count=1,
            initial_variant_weight=1,
            container_startup_health_check_timeout_in_seconds=240,
        )
        return sagemaker.CfnEndpointConfig(
            self, "Config", production_variants=[variant], async_inference_config=self._async_inference()
        )

    def _async_inference(self) -> sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty:
        properties = sagemaker.CfnEndpointConfig
        results = self._storage.results
        return properties.AsyncInferenceConfigProperty(
            client_config=properties.AsyncInferenceClientConfigProperty(
                max_concurrent_invocations_per_instance=self._config.invocations_per_instance
            ),
            output_config=properties.AsyncInferenceOutputConfigProperty(
                s3_output_path=results.s3_url_for_object(f"{ENDPOINT}/output"),
                s3_failure_path=results.s3_url_for_object(f"{ENDPOINT}/failure"),
                kms_key_id=self._storage.key.key_arn,
                notification_config=properties.AsyncInferenceNotificationConfigProperty(
                    success_topic=self.successes.topic_arn, error_topic=self.errors.topic_arn
                ),
            ),
        )

    def _endpoint(self, config: sagemaker.CfnEndpointConfig) -> sagemaker.CfnEndpoint:
        return sagemaker.CfnEndpoint(
            self, "Endpoint", endpoint_config_name=config.attr_endpoint_config_name, retain_all_variant_properties=True
        )

    def _scale(self) -> None:
        """Follow the backlog while there is capacity; leave zero as soon as anything waits without."""
        target = scaling.ScalableTarget(
            self,
            "Instances",
            service_namespace=scaling.ServiceNamespace.SAGEMAKER,
            resource_id=f"endpoint/{self.name}/variant/{_VARIANT}",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            min_capacity=0,
            max_capacity=self._config.max_instances,
        )
        target.scale_to_track_metric(
            "Backlog",
            target_value=self._config.backlog_per_instance,
            custom_metric=self._metric("ApproximateBacklogSizePerInstance"),
            scale_in_cooldown=Duration.minutes(10),
            scale_out_cooldown=Duration.minutes(1),
        )
        self._wake(target)

    def _wake(self, target: scaling.ScalableTarget) -> None:
        step = scaling.StepScalingAction(
            self,
            "FromZero",
            scaling_target=target,
            adjustment_type=scaling.AdjustmentType.CHANGE_IN_CAPACITY,
            metric_aggregation_type=scaling.MetricAggregationType.AVERAGE,
            cooldown=Duration.minutes(5),
        )
        step.add_adjustment(adjustment=1, lower_bound=0)
        alarm = self._metric("HasBacklogWithoutCapacity").create_alarm(
            self,
            "WaitsWithoutInstance",
            alarm_description="Blueprints wait and no instance runs: the endpoint wakes up.",
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            threshold=1,
            evaluation_periods=2,
            datapoints_to_alarm=2,
            treat_missing_data=cloudwatch.TreatMissingData.MISSING,
        )
        alarm.add_alarm_action(actions.ApplicationScalingAction(step))

    def _metric(self, name: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/SageMaker",
            metric_name=name,
            dimensions_map={"EndpointName": self.name},
            statistic=cloudwatch.Stats.AVERAGE,
            period=Duration.minutes(1),
        )
