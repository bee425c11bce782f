"""What makes one kind of job different from another."""

from collections.abc import Callable
from dataclasses import dataclass

from local.jobs.instance import Instance
from local.jobs.names import Names
from local.jobs.outcome import Outcome
from local.models import Record
from local.programs import Programs


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of job: what a checked request makes, who works on it, what its states change in its description."""

    make: Callable[[Record, Programs], Record]
    instance: type[Instance]
    beside: Callable[[Record, str, Outcome | None], Record]

    @property
    def names(self) -> Names:
        """What SageMaker calls its parts."""
        return self.instance.names
