"""The folder that stands for /opt/ml in one job, for containers have one and processes do not."""

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from local.models import Record

MESSAGE_BYTES = 1024
_PLACE = re.compile(r"(?<![\w./-])/opt/ml(?![\w.-])")


class Layout:
    """One job's /opt/ml."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self, *, folders: Iterable[str], files: Mapping[str, Record]) -> None:
        """Make the folders and files that SageMaker makes before the program starts; the job's own paths are moved."""
        shutil.rmtree(self._folder, ignore_errors=True)
        for place in ("/opt/ml/output", *folders):
            self.path(place).mkdir(parents=True, exist_ok=True)
        for place, content in files.items():
            file = self.path(place)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(self.moved(content)))

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

    def message(self, name: str = "message") -> str:
        """What the program left to be told with its end: the first KB."""
        file = self.path(f"/opt/ml/output/{name}")
        if not file.is_file():
            return ""
        with file.open("rb") as content:
            return content.read(MESSAGE_BYTES).decode(errors="ignore")

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self._folder, ignore_errors=True)
