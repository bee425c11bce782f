"""Archive: what the project holds is verified every night, measured, and its models have groups to be registered in.

A schedule → state machine → verify, leg by leg → report, topic. A schedule → metrics → analytics/metrics/.
"""

from aws_cdk import ArnFormat, CfnOutput, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Config
from lambdas.archive.settings import METRICS, VERIFICATION, MetricsSettings, VerifySettings
from stacks.archive_nights import ArchiveNights
from stacks.parts import grants
from stacks.parts.naming import model_group, parameter, stack_options
from stacks.parts.python_function import SliceFunctions
from stacks.parts.removal import removal_policy
from stacks.storage import StorageStack

_UNTIL_ENABLED = "rate(7 days)"


class ArchiveStack(Stack):
    """The project tree → reports of its health and its cost."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, storage: StorageStack) -> None:
        super().__init__(scope, construct_id, **stack_options(config, "archive"))
        self._config, self._storage = config, storage
        self._functions = SliceFunctions(self, "archive", config)
        self.notifications = sns.Topic(self, "Notifications", master_key=storage.key, enforce_ssl=True)
        self.groups = [self._group(family) for family in config.archive.model_families]
        self.verify, self.metrics = self._verify(), self._metrics()
        self.nights = ArchiveNights(self, "Nights", config=config, verify=self.verify, topic=self.notifications)
        nightly = events.RuleTargetInput.from_object({"read_all": False})
        night = targets.SfnStateMachine(self.nights.machine, input=nightly)
        self._schedule("VerifySchedule", config.archive.verify_schedule, night)
        self._schedule("MetricsSchedule", config.archive.metrics_schedule, targets.LambdaFunction(self.metrics))
        self._announce()

    def _group(self, family: str) -> str:
        """Versions of a family's models are registered in a group, which outlives the stack where data does."""
        name = model_group(self._config, family)
        group = sagemaker.CfnModelPackageGroup(
            self,
            "".join(word.capitalize() for word in family.split("-")),
            model_package_group_name=name,
            model_package_group_description=f"Models of the family {family}",
        )
        group.apply_removal_policy(removal_policy(self._config))
        return name

    def _verify(self) -> lambda_.Function:
        """Reads everything, lists versions, and adds reports."""
        project = self._storage.project
        settings = VerifySettings(
            project_bucket=project.bucket_name,
            notification_topic=self.notifications.topic_arn,
            leg_seconds=self._config.archive.leg_seconds,
        )
        verify = self._function("verify", settings)
        grants.read_objects(project, verify, "")
        grants.add_objects(project, verify, VERIFICATION)
        grants.list_keys(project, verify)
        grants.list_versions(project, verify)
        self.notifications.grant_publish(verify)
        return verify

    def _metrics(self) -> lambda_.Function:
        """Lists all data, reads what tells of runs and models, and writes figures."""
        storage = self._storage
        metrics = self._function("metrics", self._metrics_settings())
        for bucket in (storage.blueprints, storage.results, storage.project):
            grants.list_versions(bucket, metrics)
        grants.read_objects(storage.results, metrics, "ocr/*/manifest.json")
        grants.read_objects(storage.project, metrics, "plates/*/reports/", "models/*/model.json")
        grants.add_objects(storage.project, metrics, METRICS)
        self._let_read_registry(metrics)
        return metrics

    def _metrics_settings(self) -> MetricsSettings:
        config, storage = self._config, self._storage
        return MetricsSettings(
            blueprints_bucket=storage.blueprints.bucket_name,
            results_bucket=storage.results.bucket_name,
            project_bucket=storage.project.bucket_name,
            model_groups=",".join(self.groups),
            endpoint_instance=config.room_detection.instance_type,
            processing_instance=config.plate_runs.instance_type,
            ocr_vcpu=float(config.ocr.vcpu),
            ocr_memory_gib=config.ocr.memory_mib / 1024,
            usd_per_page=config.ocr.usd_per_page,
        )

    def _function(self, module: str, settings: VerifySettings | MetricsSettings) -> lambda_.Function:
        config = self._config.archive
        return self._functions.add(
            module, settings, timeout_seconds=config.function_timeout_seconds, memory_mib=config.memory_mib
        )

    def _let_read_registry(self, function: lambda_.Function) -> None:
        packages = [self._package_arn(f"{group}/*") for group in self.groups]
        listing = iam.PolicyStatement(actions=["sagemaker:ListModelPackages"], resources=["*"])  # lists have no ARN
        reading = iam.PolicyStatement(actions=["sagemaker:DescribeModelPackage"], resources=packages)
        for statement in (listing, reading):
            function.add_to_role_policy(statement)

    def _package_arn(self, name: str) -> str:
        form = ArnFormat.SLASH_RESOURCE_NAME
        return self.format_arn(service="sagemaker", resource="model-package", resource_name=name, arn_format=form)

    def _schedule(self, name: str, when: str, target: events.IRuleTarget) -> None:
        """Off unless the configuration says when."""
        schedule = events.Schedule.expression(when or _UNTIL_ENABLED)
        events.Rule(self, name, schedule=schedule, enabled=bool(when), targets=[target])

    def _announce(self) -> None:
        told = {
            "state-machine": self.nights.machine.state_machine_arn,
            "metrics-function": self.metrics.function_name,
            "notification-topic": self.notifications.topic_arn,
            "model-groups": ",".join(self.groups),
        }
        for name, value in told.items():
            parameter(self, self._config, "archive", name, value)
        CfnOutput(self, "StateMachineArn", value=self.nights.machine.state_machine_arn)
        CfnOutput(self, "NotificationTopicArn", value=self.notifications.topic_arn)
