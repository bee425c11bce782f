"""The folder that stands for /opt/ml in one job, for containers have one and processes do not."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from local.models import Record

MESSAGE_BYTES = 1024
_PLACE = re.compile(r"(?<![\w./-])/opt/ml(?=/|$)")
_CONFIGURATION = (
    "ProcessingJobArn",
    "ProcessingJobName",
    "AppSpecification",
    "Environment",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "NetworkConfig",
    "RoleArn",
    "StoppingCondition",
)


class Layout:
    """One job's /opt/ml."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self, detail: Record) -> None:
        """Make the folders and what SageMaker writes into them before the program starts."""
        shutil.rmtree(self._folder, ignore_errors=True)
        for place in ("/opt/ml/config", "/opt/ml/output", "/opt/ml/processing"):
            self.path(place).mkdir(parents=True)
        told = {name: detail[name] for name in _CONFIGURATION if name in detail}
        self._write("processingjobconfig.json", self.moved(told))
        self._write("resourceconfig.json", {"current_host": "algo-1", "hosts": ["algo-1"]})

    def path(self, place: str) -> Path:
        """Where a path below /opt/ml is on this machine."""
        return Path(self.moved(place))

    def moved(self, value: Any) -> Any:
        """The same words, lists and mappings with every path below /opt/ml where it is on this machine."""
        if isinstance(value, str):
            return _PLACE.sub(lambda _: f"{self._folder}/opt/ml", value)
        if isinstance(value, dict):
            return {name: self.moved(item) for name, item in value.items()}
        return [self.moved(item) for item in value] if isinstance(value, list | tuple) else value

    def message(self) -> str:
        """What the program left to be told with its end: the first KB."""
        file = self.path("/opt/ml/output/message")
        if not file.is_file():
            return ""
        with file.open("rb") as content:
            return content.read(MESSAGE_BYTES).decode(errors="ignore")

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self, name: str, content: Record) -> None:
        self.path(f"/opt/ml/config/{name}").write_text(json.dumps(content))
