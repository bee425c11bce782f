"""Accepted requests of one endpoint, in order, one small file each until settled; inputs stay where they are."""

import json
import queue
import shutil
from dataclasses import asdict
from pathlib import Path

from local.inference import Request


class Backlog:
    """The queue of an endpoint; it outlives the engine."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._waiting: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for file in sorted(folder.glob("*.json")):
            self._waiting.put(file)

    def add(self, request: Request) -> None:
        """Accept a request."""
        file = self._folder / f"{request.received:020.6f}-{Path(request.output_location).stem}.json"
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(request)))
        draft.rename(file)
        self._waiting.put(file)

    def take(self, *, wait_seconds: float) -> tuple[Path, Request] | None:
        """The oldest request that nobody has taken, or None when there is none in time."""
        try:
            file = self._waiting.get(timeout=wait_seconds)
        except queue.Empty:
            return None
        return file, Request(**json.loads(file.read_text()))

    def settle(self, file: Path) -> None:
        """Forget a request whose answer is written."""
        file.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget everything, as deleting an endpoint does."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def __len__(self) -> int:
        return sum(1 for _ in self._folder.glob("*.json"))
