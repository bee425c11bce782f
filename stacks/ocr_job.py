"""The OCR program as a Batch job: on Fargate Spot while there is any, on Fargate otherwise; reclaims are retried."""

import json

from aws_cdk import Duration, Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from config import Config
from lambdas.ocr.settings import CONTAINER, OUTPUT
from stacks.ocr_network import OcrNetwork
from stacks.parts import grants
from stacks.parts.program_image import program_image
from stacks.parts.python_function import log_retention
from stacks.parts.removal import removal_policy
from stacks.storage import StorageStack

_Definition = batch.CfnJobDefinition
_STUCK = (
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
)  # the reasons that Batch itself can act upon; a job that merely waits its turn has none of them


class OcrJob(Construct):
    """Queue, job definition, the program's two roles, its log and the secret with the OCR service's address and key."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, storage: StorageStack) -> None:
        super().__init__(scope, construct_id)
        self._config, self._ocr, self._storage = config, config.ocr, storage
        self.secret = self._secret()
        self.log = logs.LogGroup(self, "Log", retention=log_retention(config), removal_policy=removal_policy(config))
        self._job_role = self._role("JobRole")
        self._execution_role = self._role("ExecutionRole")
        self.image = program_image(self, "ocr")
        self._grant()
        self.queue_arn = self._queue(OcrNetwork(self, "Network"))
        self.definition_arn = self._definition()

    def grant_submit(self, grantee: iam.IGrantable) -> None:
        """Submit this job to this queue, and look for jobs."""
        arns = [self.queue_arn, self.definition_arn]
        iam.Grant.add_to_principal(grantee=grantee, actions=["batch:SubmitJob"], resource_arns=arns)
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["batch:ListJobs"], resource_arns=["*"]
        )  # the list of a queue's jobs cannot be granted by queue

    def _secret(self) -> secretsmanager.CfnSecret:
        """Address and key of the OCR service. The key is filled in by hand; CloudFormation then leaves it alone."""
        secret = secretsmanager.CfnSecret(
            self,
            "Secret",
            description="OCR service: url and key. Fill in with aws secretsmanager put-secret-value.",
            kms_key_id=self._storage.key.key_arn,
            secret_string=json.dumps({"url": self._ocr.service_url, "key": ""}),
        )
        secret.apply_removal_policy(removal_policy(self._config))
        return secret

    def _role(self, construct_id: str) -> iam.Role:
        return iam.Role(self, construct_id, assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))

    def _grant(self) -> None:
        """The job reads datasets and images and adds to its runs; who starts it pulls, logs and reads the secret."""
        project, results = self._storage.project, self._storage.results
        grants.read_objects(project, self._job_role, "data/")
        grants.read_objects(results, self._job_role, OUTPUT)
        grants.write_objects(results, self._job_role, OUTPUT)
        for bucket in (project, results):
            grants.list_keys(bucket, self._job_role)
        self.image.repository.grant_pull(self._execution_role)
        self.log.grant_write(self._execution_role)
        iam.Grant.add_to_principal(
            grantee=self._execution_role,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[self.secret.ref],
        )
        self._storage.key.grant_decrypt(self._execution_role)

    def _queue(self, network: OcrNetwork) -> str:
        """Spot first, on demand where Spot has nothing left."""
        environments = [self._compute("Spot", "FARGATE_SPOT", network), self._compute("OnDemand", "FARGATE", network)]
        order = [
            batch.CfnJobQueue.ComputeEnvironmentOrderProperty(order=number, compute_environment=arn)
            for number, arn in enumerate(environments, 1)
        ]
        seconds = Duration.hours(self._ocr.waiting_hours).to_seconds()
        limits = [
            batch.CfnJobQueue.JobStateTimeLimitActionProperty(
                action="CANCEL", state="RUNNABLE", reason=reason, max_time_seconds=seconds
            )
            for reason in _STUCK
        ]
        queue = batch.CfnJobQueue(
            self, "Queue", priority=1, compute_environment_order=order, job_state_time_limit_actions=limits
        )
        return queue.attr_job_queue_arn

    def _compute(self, name: str, kind: str, network: OcrNetwork) -> str:
        resources = batch.CfnComputeEnvironment.ComputeResourcesProperty(
            type=kind,
            maxv_cpus=self._ocr.max_vcpus,
            subnets=network.subnet_ids,
            security_group_ids=network.security_group_ids,
        )
        environment = batch.CfnComputeEnvironment(self, name, type="MANAGED", compute_resources=resources)
        environment.node.add_dependency(*network.ways_out)
        return environment.attr_compute_environment_arn

    def _definition(self) -> str:
        task = _Definition.EcsTaskPropertiesProperty(
            containers=[self._container()],
            execution_role_arn=self._execution_role.role_arn,
            task_role_arn=self._job_role.role_arn,
            platform_version="LATEST",
            network_configuration=_Definition.NetworkConfigurationProperty(assign_public_ip="ENABLED"),
            runtime_platform=_Definition.RuntimePlatformProperty(
                cpu_architecture="X86_64", operating_system_family="LINUX"
            ),
        )
        definition = _Definition(
            self,
            "Definition",
            type="container",
            platform_capabilities=["FARGATE"],
            propagate_tags=True,
            ecs_properties=_Definition.EcsPropertiesProperty(task_properties=[task]),
            retry_strategy=self._retries(),
            timeout=_Definition.TimeoutProperty(
                attempt_duration_seconds=Duration.hours(self._ocr.attempt_hours).to_seconds()
            ),
        )
        definition.node.add_dependency(self._job_role, self._execution_role)
        return definition.ref

    def _container(self) -> batch.CfnJobDefinition.TaskContainerPropertiesProperty:
        environment = {
            "LOUPE_ENVIRONMENT": self._config.environment,
            "LOUPE_USD_PER_PAGE": str(self._ocr.usd_per_page),
        }
        options = {
            "awslogs-group": self.log.log_group_name,
            "awslogs-region": Stack.of(self).region,
            "awslogs-stream-prefix": "run",
        }
        size = {"VCPU": self._ocr.vcpu, "MEMORY": str(self._ocr.memory_mib)}
        return _Definition.TaskContainerPropertiesProperty(
            name=CONTAINER,
            image=self.image.image_uri,
            essential=True,
            stop_timeout=self._ocr.stop_seconds,
            resource_requirements=[
                _Definition.ResourceRequirementProperty(type=kind, value=value) for kind, value in size.items()
            ],
            environment=[
                _Definition.EnvironmentProperty(name=name, value=value) for name, value in environment.items()
            ],
            secrets=[
                _Definition.SecretProperty(name=f"LOUPE_OCR_{part.upper()}", value_from=f"{self.secret.ref}:{part}::")
                for part in ("url", "key")
            ],
            log_configuration=_Definition.LogConfigurationProperty(log_driver="awslogs", options=options),
        )

    def _retries(self) -> batch.CfnJobDefinition.RetryStrategyProperty:
        """Try again what is not the program's fault. Without a last rule for all the rest, Batch would retry it too."""
        rules = [
            {"action": "RETRY", "on_status_reason": "Your Spot Task was interrupted*"},
            {"action": "RETRY", "on_reason": "CannotPullContainerError:*"},
            {"action": "RETRY", "on_status_reason": "CannotPullContainerError:*"},
            {"action": "RETRY", "on_status_reason": "ResourceInitializationError:*"},
            {"action": "EXIT", "on_reason": "*"},
        ]
        return _Definition.RetryStrategyProperty(
            attempts=self._ocr.attempts,
            evaluate_on_exit=[_Definition.EvaluateOnExitProperty(**rule) for rule in rules],
        )
