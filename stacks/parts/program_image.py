"""How `containers/<slice>` becomes an image: built from the repository's own layout, so imports keep their names."""

from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import aws_ecr_assets as ecr_assets
from constructs import Construct

from stacks.parts import source_tree


def program_image(scope: Construct, slice_name: str) -> ecr_assets.DockerImageAsset:
    """The image of one slice's program, for amd64: SageMaker has Graviton for endpoints only."""
    with TemporaryDirectory() as context:
        source_tree.copy(source_tree.contents("containers", slice_name), Path(context))
        return ecr_assets.DockerImageAsset(
            scope,
            "Image",
            directory=context,
            file=f"containers/{slice_name}/Dockerfile",
            platform=ecr_assets.Platform.LINUX_AMD64,
        )
