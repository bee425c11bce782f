"""Records of one kind in one file: written whole, or not at all."""

import json
import threading
from pathlib import Path

from local.models import Record


class Records:
    """Records by their keys, and the lock under which they change."""

    def __init__(self, file: Path) -> None:
        self._file, self.lock = file, threading.RLock()
        self.all: dict[str, Record] = json.loads(file.read_text()) if file.exists() else {}

    def save(self) -> None:
        """Write the records; a reader sees the old or the new ones."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps(self.all))
        draft.replace(self._file)
