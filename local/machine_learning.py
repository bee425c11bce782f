"""SageMaker's parts, composed: endpoints, jobs, pipelines, the model registry, tags."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from local.faults import Fault
from local.jobs.jobs import Jobs
from local.jobs.service import Service
from local.models import Models
from local.pipelines.executions import Executions
from local.pipelines.pipelines import Pipelines
from local.pipelines.service import Service as PipelineService
from local.processing.kind import PROCESSING
from local.registry.service import Registry
from local.requests import Part
from local.sagemaker import SageMaker
from local.surroundings import Surroundings
from local.tags import Tags
from local.training.kind import TRAINING

Emit = Callable[[str, str, dict[str, Any], list[str]], None]


class MachineLearning:
    """All of SageMaker on this laptop."""

    def __init__(self, here: Surroundings, models: Models, *, emit: Emit) -> None:
        told = partial(emit, "aws.sagemaker")
        self.processing = Jobs(PROCESSING, here, emit=told)
        self._training = Jobs(TRAINING, here, emit=told)
        self._jobs = (self.processing, self._training)
        self._registry = Registry(here.home, emit=told)
        keepers = {f"{jobs.names.kind.lower()}-job": jobs.tag for jobs in self._jobs}
        self._executions = Executions(here, {jobs.names.of("Job"): jobs for jobs in self._jobs}, emit=told)
        self._pipelines = Pipelines(here.home / "pipelines.json", forget=self._executions.forget)
        kept = {"model-package-group": self._registry.groups.tag, "pipeline": self._pipelines.tag}
        parts: list[Part] = [
            *map(Service, self._jobs),
            self._registry,
            PipelineService(self._pipelines, self._executions),
        ]
        self._door = SageMaker(models, [*parts, Tags({**keepers, **kept})])

    @property
    def strikes(self) -> dict[str, Callable[[Fault], None]]:
        """What ends running jobs on purpose, by the action that would stop them."""
        return {f"sagemaker:Stop{jobs.names.of('Job')}": jobs.strike for jobs in self._jobs}

    def install(self) -> None:
        """Add the service and its CloudFormation types to the engine."""
        self._registry.groups.install()
        self._pipelines.install()
        self._door.install()

    def resume(self) -> None:
        """Go on where the last engine ended."""
        self._executions.resume()
        for jobs in self._jobs:
            jobs.resume()

    def interrupt(self) -> None:
        """Stop the jobs that run, while the engine still answers what they write."""
        self._executions.freeze()
        stops = [threading.Thread(target=jobs.stop) for jobs in self._jobs]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        self._executions.join()
        self._registry.stop()
