"""A laptop with a pipeline, and the words that a test speaks to it."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from local.laptop import Laptop
from tests.local.assemblies import write_assembly
from tests.local.house import Detail, soon
from tests.local.learning_assemblies import TRAIN, archive, learning, pipeline, pipeline_role
from tests.local.learning_house import LearningHouse
from tests.local.pipeline_definitions import build, filled

GROUP = {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {"ModelPackageGroupName": "models"}}
_NUMBERS = count()


@dataclass
class PipelineHouse(LearningHouse):
    """The stack `Jobs` of a laptop, with its pipeline `build`."""

    def add(self, definition: Detail, **more: Any) -> str:
        """Make a pipeline of a test's own; answers its name."""
        name = f"own-{next(_NUMBERS)}"
        body = filled(definition, bucket=self.ids["Bucket"], role=self.role("JobRole"))
        role = self.role("PipelineRole")
        self.sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=body, RoleArn=role, **more)
        return name

    def start(self, name: str, /, **parameters: str) -> str:
        """Start an execution; answers its ARN."""
        given = [{"Name": key, "Value": value} for key, value in parameters.items()]
        asked = {"PipelineName": name, "PipelineParameters": given}
        return str(self.sagemaker.start_pipeline_execution(**asked)["PipelineExecutionArn"])

    def build(self, **parameters: str) -> str:
        """Start an execution of the stack's pipeline with its code; answers its ARN."""
        code = self.place("code/train.tar.gz", archive(train=TRAIN))
        return self.start("build", Code=code, **parameters)

    def execution(self, arn: str) -> Detail:
        """An execution as DescribePipelineExecution tells it."""
        return dict(self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn))

    def finished(self, arn: str) -> Detail:
        """An execution once it runs no more."""
        soon(lambda: self.execution(arn)["PipelineExecutionStatus"] not in {"Executing", "Stopping"})
        return self.execution(arn)

    def outcome(self, name: str, /, **parameters: str) -> tuple[str, dict[str, Detail]]:
        """Run an execution; answers its status and its steps."""
        arn = self.start(name, **parameters)
        return self.finished(arn)["PipelineExecutionStatus"], self.steps(arn)

    def steps(self, arn: str) -> dict[str, Detail]:
        """The steps of an execution that have begun."""
        listed = self.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
        return {step["StepName"]: dict(step) for step in listed["PipelineExecutionSteps"]}

    def states(self, arn: str) -> dict[str, str]:
        """The states of the steps of an execution that have begun."""
        return {name: step["StepStatus"] for name, step in self.steps(arn).items()}

    def job_of(self, arn: str, step: str) -> str:
        """The name of a step's job, once it has one."""
        found = soon(lambda: self.steps(arn).get(step, {}).get("Metadata"))
        return str(next(iter(found.values()))["Arn"]).rpartition("/")[2]

    def events_of(self, arn: str, *, last: str) -> list[Detail]:
        """What is told of an execution and its steps until its last status."""
        return self.hear(
            lambda detail: detail.get("pipelineExecutionArn") == arn,
            until=lambda detail: detail.get("currentPipelineExecutionStatus") == last,
        )


def pipeline_house(laptop: Laptop, folder: Path, **more: Any) -> PipelineHouse:
    """A laptop with the stack, and more resources in it, deployed to it."""
    stack = learning(PipelineRole=pipeline_role(), Pipeline=pipeline("build", build()), Group=GROUP, **more)
    laptop.up(write_assembly(folder, {"Jobs": stack}))
    house = PipelineHouse(laptop)
    house.put(rows_a="one two")
    return house
