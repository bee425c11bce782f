"""A cloud assembly deployed to the engine: assets first, then each stack as soon as what it needs is there."""

import graphlib
import io
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from local.assembly import FileAsset, StackArtifact
from local.stacks import Stacks

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Progress = Callable[[str, str], None]
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION = "30"
PARALLEL_STACKS = 4


class UnsupportedResources(RuntimeError):
    """Resource types that the engine cannot run; the text names each with its stack and resource."""


class Deployment:
    """One assembly on its way into the engine."""

    def __init__(self, session: boto3.Session, *, url: str, types: frozenset[str], on_progress: Progress) -> None:
        self._s3 = session.client("s3", endpoint_url=url)
        self._ssm = session.client("ssm", endpoint_url=url)
        self._stacks = Stacks(session.client("cloudformation", endpoint_url=url), url=url)
        self._types = types
        self._on_progress = on_progress

    def deploy(self, artifacts: list[StackArtifact]) -> None:
        """Make the engine's stacks equal the assembly's."""
        self._check_types(artifacts)
        self._bootstrap({file.bucket for artifact in artifacts for file in artifact.files})
        for file in {file for artifact in artifacts for file in artifact.files}:
            _upload(self._s3, file)
        self._deploy_in_order(artifacts)
        for name in self._stacks.remove_all_but({artifact.name for artifact in artifacts}):
            self._on_progress(name, "removed")

    def _check_types(self, artifacts: list[StackArtifact]) -> None:
        unknown = [
            f"{artifact.name}/{logical_id} ({resource['Type']})"
            for artifact in artifacts
            for logical_id, resource in artifact.template.get("Resources", {}).items()
            if resource["Type"] not in self._types
        ]
        if unknown:
            raise UnsupportedResources("The laptop cannot run " + ", ".join(unknown) + ".")

    def _bootstrap(self, buckets: set[str]) -> None:
        """What `cdk bootstrap` leaves in an account, as far as templates ask for it."""
        for bucket in buckets:
            try:
                self._s3.head_bucket(Bucket=bucket)
            except ClientError:
                self._s3.create_bucket(Bucket=bucket)
        self._ssm.put_parameter(Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True)

    def _deploy_in_order(self, artifacts: list[StackArtifact]) -> None:
        by_name = {artifact.name: artifact for artifact in artifacts}
        order = graphlib.TopologicalSorter({artifact.name: artifact.needs for artifact in artifacts})
        order.prepare()
        running: dict[Future[None], str] = {}
        with ThreadPoolExecutor(PARALLEL_STACKS) as pool:
            while order.is_active():
                for name in order.get_ready():
                    running[pool.submit(self._deploy_stack, by_name[name])] = name
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    done.result()
                    order.done(running.pop(done))

    def _deploy_stack(self, artifact: StackArtifact) -> None:
        self._on_progress(artifact.name, "deploying")
        self._on_progress(artifact.name, self._stacks.deploy(artifact.name, artifact.template_location))


def _upload(s3: "S3Client", file: FileAsset) -> None:
    """Put an asset; its key holds its content's hash, so one that is there is the same."""
    try:
        s3.head_object(Bucket=file.bucket, Key=file.key)
    except ClientError:
        body = _zipped(file.source) if file.folder else file.source.read_bytes()
        s3.put_object(Bucket=file.bucket, Key=file.key, Body=body)


def _zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as bundle:
        for file in _files(folder):
            bundle.write(file, file.relative_to(folder))
    return content.getvalue()


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file())
