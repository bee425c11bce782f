"""The kinds of steps that the laptop runs, and what SageMaker calls what they make."""

from dataclasses import dataclass

CONDITION, FAIL, REGISTER = "Condition", "Fail", "RegisterModel"


@dataclass(frozen=True, kw_only=True)
class Maker:
    """A kind of step that makes something: a job, which has a name and an end, or a model package."""

    made: str
    metadata: str
    named: bool = True
    signature: tuple[str, ...] = ()

    @property
    def create(self) -> str:
        """The operation that makes it."""
        return f"Create{self.made}"

    @property
    def describe(self) -> str:
        """The operation that describes it."""
        return f"Describe{self.made}"

    @property
    def name(self) -> str:
        """The parameter that names it when it is described."""
        return f"{self.made}Name"


MAKERS = {
    "Processing": Maker(
        made="ProcessingJob",
        metadata="ProcessingJob",
        signature=("AppSpecification", "Environment", "ProcessingInputs"),
    ),
    "Training": Maker(
        made="TrainingJob",
        metadata="TrainingJob",
        signature=("AlgorithmSpecification", "Environment", "HyperParameters", "InputDataConfig"),
    ),
    REGISTER: Maker(made="ModelPackage", metadata="RegisterModel", named=False),
}
KINDS = (CONDITION, FAIL, *MAKERS)
