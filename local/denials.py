"""Accesses that policies refused, one JSON line each, so that a missing permission names itself."""

import json
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from local.seams import access, account

KEPT = 200


@dataclass(frozen=True, kw_only=True)
class Denial:
    """One refused access."""

    time: str
    principal: str
    action: str
    resource: str
    message: str


class Denials:
    """Every denial of this laptop on disk, the last ones in memory."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        lines = file.read_text().splitlines() if file.exists() else []
        self.count = len(lines)
        self._last = deque((Denial(**json.loads(line)) for line in lines[-KEPT:]), KEPT)

    def watch(self) -> None:
        """Record what the engine's own access decisions refuse from now on."""
        access.watch_enforcement(self._decided)

    def record(self, *, principal: str, action: str, resource: str, message: str) -> None:
        """Add one denial."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        denial = Denial(time=time, principal=principal, action=action, resource=resource, message=message)
        account.log.warning("denied: %s", message)
        with self._lock, self._file.open("a") as lines:
            lines.write(json.dumps(asdict(denial)) + "\n")
            self._last.append(denial)
            self.count += 1

    def last(self, count: int = KEPT) -> list[Denial]:
        """The newest denials, oldest first."""
        return list(self._last)[-count:]

    def _decided(self, action: str, resource: str, outcome: object) -> None:
        if not access.is_policy_denial(outcome):
            return
        refusal = access.refusal(outcome)
        message = f"{refusal.principal} may not {action} on {resource}: {refusal.why}"
        self.record(principal=refusal.principal, action=action, resource=resource, message=message)
