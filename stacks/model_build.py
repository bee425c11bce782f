"""Model build: tables and a code bundle → a model that is judged, and registered if it earned it; people are told.

Somebody or the schedule → pipeline → pipeline/runtime/ → model package → approval; each end and each verdict → topic.
"""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Config
from stacks.model_build_definition import CODE, CURATED, JOB_NAMES, RUNTIME, Surroundings, definition
from stacks.model_build_images import SCIKIT_LEARN, XGBOOST, ManagedImages
from stacks.parts import grants
from stacks.parts.naming import model_group, parameter, stack_options
from stacks.parts.processing import let_tell
from stacks.storage import StorageStack

_ENDED = "SageMaker Model Building Pipeline Execution Status Change"
_PACKAGE = "SageMaker Model Package State Change"
_TRAINING_LOG = "/aws/sagemaker/TrainingJobs"
_TO_SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


class ModelBuildStack(Stack):
    """Curated tables → a model package that waits for approval."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, storage: StorageStack) -> None:
        super().__init__(scope, construct_id, **stack_options(config, "model-build"))
        self._config, self._project = config, storage.project
        self._name = self._group = model_group(config, config.model_build.family)
        self._images = ManagedImages(self, "Images")
        self.notifications = sns.Topic(self, "Notifications", master_key=storage.key, enforce_ssl=True)
        self.role = self._role()
        self.pipeline = self._pipeline()
        self._tell_of_ends()
        self._tell_of_verdicts()
        self._schedule()
        self._announce()

    def _role(self) -> iam.Role:
        """What the pipeline and its jobs may do: read code and tables, add below its own runtime, register."""
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        runtime = f"{RUNTIME}{self._name}/"
        grants.read_objects(self._project, role, CODE, CURATED, runtime)
        grants.write_objects(self._project, role, runtime)
        for prefix in (CODE, CURATED, runtime):
            grants.list_keys_below(self._project, role, prefix)
        self._images.grant_pull(role)
        let_tell(role, _TRAINING_LOG)
        self._let_work(role)
        return role

    def _let_work(self, role: iam.Role) -> None:
        jobs = {kind: self._arn(f"{kind}-job", JOB_NAMES) for kind in ("processing", "training")}
        group, packages = self._arn("model-package-group", self._group), self._arn("model-package", f"{self._group}/*")
        allowed = [
            (["CreateProcessingJob", "DescribeProcessingJob", "StopProcessingJob"], [jobs["processing"]]),
            (["CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob"], [jobs["training"]]),
            (["AddTags"], [*jobs.values(), packages]),
            (["CreateModelPackage", "DescribeModelPackage", "DescribeModelPackageGroup"], [group, packages]),
        ]
        for verbs, resources in allowed:
            actions = [f"sagemaker:{verb}" for verb in verbs]
            role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
        pass_itself = iam.PolicyStatement(actions=["iam:PassRole"], resources=[role.role_arn], conditions=_TO_SAGEMAKER)
        role.add_to_policy(pass_itself)

    def _pipeline(self) -> sagemaker.CfnPipeline:
        here = Surroundings(
            pipeline=self._name,
            bucket=self._project.bucket_name,
            role=self.role.role_arn,
            group=self._group,
            region=self.region,
            scikit_learn_image=self._images.uri(SCIKIT_LEARN),
            xgboost_image=self._images.uri(XGBOOST),
            tags=self._config.tags,
        )
        body = self.to_json_string(definition(self._config.model_build, here))
        pipeline = sagemaker.CfnPipeline(
            self,
            "Pipeline",
            pipeline_name=self._name,
            pipeline_display_name=self._name,
            pipeline_definition={"PipelineDefinitionBody": body},
            role_arn=self.role.role_arn,
        )
        pipeline.node.add_dependency(self.role)  # with its policy: SageMaker looks whether it may pass it
        return pipeline

    def _tell_of_ends(self) -> None:
        """Every execution that is over, as schemas/model_build/notification.json says."""
        over = {"pipelineArn": [self._arn("pipeline", self._name)]}
        over["currentPipelineExecutionStatus"] = ["Succeeded", "Failed", "Stopped"]
        self._tell(
            "Ended", _ENDED, over, what="execution", state="currentPipelineExecutionStatus", of="pipelineExecutionArn"
        )

    def _tell_of_verdicts(self) -> None:
        """Every version that somebody has approved or rejected."""
        said = {"ModelPackageGroupName": [self._group], "ModelApprovalStatus": ["Approved", "Rejected"]}
        self._tell("Judged", _PACKAGE, said, what="model", state="ModelApprovalStatus", of="ModelPackageArn")

    def _tell(self, name: str, kind: str, detail: dict[str, list[str]], *, what: str, state: str, of: str) -> None:
        pattern = events.EventPattern(source=["aws.sagemaker"], detail_type=[kind], detail=detail)
        told = {
            "about": what,
            "state": events.EventField.from_path(f"$.detail.{state}"),
            "arn": events.EventField.from_path(f"$.detail.{of}"),
            "at": events.EventField.time,
        }
        message = events.RuleTargetInput.from_object(told)
        rule = events.Rule(self, name, event_pattern=pattern)
        rule.add_target(targets.SnsTopic(self.notifications, message=message, authorize_using_role=True))

    def _schedule(self) -> None:
        """Only where the configuration says when, and which commit's bundle."""
        config = self._config.model_build
        if not config.schedule:
            return
        starter = iam.Role(self, "ScheduleRole", assumed_by=iam.ServicePrincipal("events.amazonaws.com"))
        pipeline = self._arn("pipeline", self._name)
        starter.add_to_policy(iam.PolicyStatement(actions=["sagemaker:StartPipelineExecution"], resources=[pipeline]))
        bundle = self._project.s3_url_for_object(f"{CODE}{config.scheduled_commit}/pipeline_code.tar.gz")
        events.CfnRule(
            self,
            "Schedule",
            schedule_expression=config.schedule,
            targets=[
                {
                    "id": "Pipeline",
                    "arn": pipeline,
                    "roleArn": starter.role_arn,
                    "sageMakerPipelineParameters": {
                        "pipelineParameterList": [{"name": "CodeBundleUri", "value": bundle}]
                    },
                }
            ],
        )

    def _announce(self) -> None:
        told = {
            "pipeline": self._name,
            "model-group": self._group,
            "notification-topic": self.notifications.topic_arn,
        }
        for name, value in told.items():
            parameter(self, self._config, "model_build", name, value)
        CfnOutput(self, "PipelineName", value=self._name)
        CfnOutput(self, "NotificationTopicArn", value=self.notifications.topic_arn)

    def _arn(self, kind: str, name: str) -> str:
        return self.format_arn(service="sagemaker", resource=kind, resource_name=name)
