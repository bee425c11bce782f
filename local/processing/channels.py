"""The inputs and outputs of a processing job, between S3 and its folder."""

from local.jobs.layout import Layout
from local.jobs.objects import Objects
from local.models import Record


class Channels:
    """The inputs and outputs of one job."""

    def __init__(self, detail: Record, *, layout: Layout, objects: Objects) -> None:
        outputs = detail.get("ProcessingOutputConfig", {"Outputs": []})["Outputs"]
        self._inputs: list[Record] = [one["S3Input"] for one in detail["ProcessingInputs"]]
        self._outputs: list[Record] = [one["S3Output"] for one in outputs]
        self._layout, self._objects = layout, objects

    def bring(self) -> None:
        """Download every input and make the folder of every output."""
        for source in self._inputs:
            self._objects.bring(source["S3Uri"], self._layout.path(source["LocalPath"]))
        for target in self._outputs:
            self._layout.path(target["LocalPath"]).mkdir(parents=True, exist_ok=True)

    def take(self) -> None:
        """Upload every output."""
        for target in self._outputs:
            self._objects.take(self._layout.path(target["LocalPath"]), target["S3Uri"])
