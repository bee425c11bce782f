"""The plate program as Processing jobs: one image, a role that measures and a role that keeps the ledger."""

from collections.abc import Mapping
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from config import Config
from containers.plate_runs import settings
from lambdas.plate_runs.settings import LEDGER, PLATES, REPORTS, RUNS, SCHEMAS, TREE
from loupe import exit_message
from stacks.parts import grants
from stacks.parts.processing import let_tell
from stacks.parts.program_image import program_image
from stacks.storage import StorageStack


class PlateRunsJobs(Construct):
    """What a shard and a ledger job are made of."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, storage: StorageStack) -> None:
        super().__init__(scope, construct_id)
        self._config, self._project = config, storage.project
        self._image = program_image(self, "plate_runs")
        self.run_role = self._role("RunRole", reads=(TREE, SCHEMAS, LEDGER, REPORTS), adds=(RUNS, REPORTS))
        self.ledger_role = self._role("LedgerRole", reads=(TREE, SCHEMAS, LEDGER), adds=(LEDGER,))

    def shard(self, name: str) -> dict[str, Any]:
        """The request for a job that measures the item's shard; `name` is an expression."""
        told = {settings.MODELS: "$.run.models", settings.SHARD: "$.shard", settings.RUN_ID: "$.run.run_id"}
        return self._request(name, ["run"], self.run_role, told)

    def ledger(self, name: str) -> dict[str, Any]:
        """The request for a job that brings the dataset's ledger up to its tree."""
        return self._request(name, ["ledger"], self.ledger_role, {})

    def _request(self, name: str, words: list[str], role: iam.Role, told: Mapping[str, str]) -> dict[str, Any]:
        config = self._config.plate_runs
        cluster = {"InstanceType": config.instance_type, "InstanceCount": 1, "VolumeSizeInGB": config.volume_gib}
        return {
            "ProcessingJobName.$": name,
            "ProcessingResources": {"ClusterConfig": cluster},
            "AppSpecification": {"ImageUri": self._image.image_uri, "ContainerArguments": words},
            "Environment": {
                **{f"{variable}.$": path for variable, path in {settings.DATASET: "$.run.dataset", **told}.items()},
                exit_message.VARIABLE: exit_message.FILE,
                "AWS_DEFAULT_REGION": Stack.of(self).region,  # which SageMaker leaves unsaid
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": config.job_hours * 3600},
            "RoleArn": role.role_arn,
            "Tags": [
                *({"Key": key, "Value": value} for key, value in self._config.tags.items()),
                {"Key": "run_id", "Value.$": "$.run.run_id"},
            ],
        }

    def _role(self, construct_id: str, *, reads: tuple[str, ...], adds: tuple[str, ...]) -> iam.Role:
        role = iam.Role(self, construct_id, assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        grants.read_objects(self._project, role, *reads)
        grants.add_objects(self._project, role, *adds)
        grants.list_keys_below(self._project, role, PLATES)
        self._image.repository.grant_pull(role)
        let_tell(role)
        return role
