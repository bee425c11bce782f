"""The platform's buckets and its part of the model registry, as the figures want to see them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from lambdas.archive.bucket import S3Objects
from lambdas.archive.costs import Machines
from lambdas.archive.figures import Figures, figures
from lambdas.archive.models import registered
from lambdas.archive.storage import Seen, seen
from loupe.artifacts import open_artifacts

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_sagemaker.client import SageMakerClient


class Platform:
    """Buckets by what this platform calls them: blueprints, results, project."""

    def __init__(
        self,
        s3: "S3Client",
        sagemaker: "SageMakerClient",
        *,
        buckets: Mapping[str, str],
        groups: Iterable[str],
        machines: Machines,
    ) -> None:
        self._s3, self._sagemaker = s3, sagemaker
        self._buckets, self._groups, self._machines = buckets, groups, machines

    def figures(self) -> Figures:
        """Everything as it is now."""
        packages = list(registered(self._sagemaker, self._groups))
        return figures(self._versions(), self._read, packages, self._machines)

    def _versions(self) -> Iterator[Seen]:
        for name, bucket in self._buckets.items():
            for listed in S3Objects(f"s3://{bucket}", self._s3).versions():
                yield seen(name, listed)

    def _read(self, bucket: str, key: str) -> bytes:
        return open_artifacts(f"s3://{self._buckets[bucket]}", self._s3).read(key)
