"""Search: a query comes over the API, the nearest cards go back; versions of the reference are built, then published.

Embeddings → build job (or `loupe search build` anywhere) → data/reference/<version>/ → current.json → query function.
"""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from config import Config
from lambdas.search.settings import REFERENCE, QuerySettings
from stacks.parts import grants
from stacks.parts.naming import parameter, stack_options
from stacks.parts.processing import let_tell
from stacks.parts.program_image import program_image
from stacks.parts.python_function import SliceFunctions
from stacks.storage import StorageStack

_INPUTS = "data/"  # wherever embeddings come from


class SearchStack(Stack):
    """A vector, an image or a row → the nearest cards."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, storage: StorageStack) -> None:
        super().__init__(scope, construct_id, **stack_options(config, "search"))
        self._config, self._project = config, storage.project
        self.query = self._query()
        self.image = program_image(self, "search")
        self.build_role = self._build_role()
        self._announce()

    def _query(self) -> lambda_.Function:
        """Reads versions, and nothing else; `POST /search` calls it."""
        config = self._config.search
        settings = QuerySettings(
            project_bucket=self._project.bucket_name,
            look_again_seconds=config.look_again_seconds,
            rows_in_memory_mib=config.rows_in_memory_mib,
            max_image_mib=config.max_image_mib,
            max_megapixels=config.max_megapixels,
        )
        query = SliceFunctions(self, "search", self._config).add(
            "query", settings, timeout_seconds=config.function_timeout_seconds, memory_mib=config.memory_mib
        )
        query.add_environment("OPENBLAS_NUM_THREADS", "1")  # two threads on one processor wait for each other
        grants.read_objects(self._project, query, REFERENCE)
        grants.list_keys_below(self._project, query, REFERENCE)
        return query

    def _build_role(self) -> iam.Role:
        """A processing job reads embeddings, adds a version and moves the pointer; nothing here deletes."""
        role = iam.Role(self, "BuildRole", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        grants.read_objects(self._project, role, _INPUTS)
        grants.add_objects(self._project, role, REFERENCE)
        grants.list_keys_below(self._project, role, _INPUTS)
        self.image.repository.grant_pull(role)
        let_tell(role)
        return role

    def _announce(self) -> None:
        told = {
            "function": self.query.function_name,
            "build-image": self.image.image_uri,
            "build-role": self.build_role.role_arn,
        }
        for name, value in told.items():
            parameter(self, self._config, "search", name, value)
        CfnOutput(self, "QueryFunctionName", value=self.query.function_name)
        CfnOutput(self, "BuildImageUri", value=self.image.image_uri)
        CfnOutput(self, "BuildRoleArn", value=self.build_role.role_arn)
