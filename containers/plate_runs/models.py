"""The models by the names that runs ask for: pure functions from a picture to what they found in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from containers.plate_runs.cpu_baseline import cpu_baseline
from containers.plate_runs.pictures import Measured, Picture
from containers.plate_runs.segmentation_otsu import segmentation_otsu


class UnknownModel(ValueError):
    """A run asks for a model that there is not; the text lists those that are."""


@dataclass(frozen=True)
class Model:
    """One way to measure: the message that it writes, as `<message>.json`, and the function that finds its facts."""

    message: str
    measure: Callable[[Picture], Measured | None]


MODELS: Mapping[str, Model] = {
    "cpu-baseline-v1": Model("cpu_baseline", cpu_baseline),
    "segmentation-otsu-v1": Model("segmentation_otsu", segmentation_otsu),
}


def check_models(names: Sequence[str]) -> None:
    """UnknownModel for names that are not in the registry, or none at all."""
    unknown = [name for name in names if name not in MODELS]
    if unknown or not names:
        raise UnknownModel(f"No model {', '.join(unknown) or 'is named'}: choose from {', '.join(MODELS)}.")
