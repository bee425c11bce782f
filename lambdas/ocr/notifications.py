"""How the end of a run is told: one message for each ending, however often the event of it comes."""

import json
from typing import TypedDict

from lambdas.ocr import clients
from lambdas.ocr.records import Records
from lambdas.ocr.settings import RunSettings
from loupe import contracts

_MAX_REASON = 500


class Ending(TypedDict):
    """The message, as `schemas/ocr/notification.json` says."""

    run_id: str
    state: str
    dataset: str
    version_id: str
    output: str
    job_id: str | None
    reason: str | None


class Notifications:
    """Tells endings. A crash between the publishing and the last write repeats one message, and nothing else does."""

    def __init__(self, settings: RunSettings, records: Records) -> None:
        self._settings, self._records = settings, records

    def tell(self, ending: Ending) -> bool:
        """Publish unless it was published; False where there was nothing to do."""
        run_id, what = ending["run_id"], ending["job_id"] or "refused"
        if not self._records.begin_telling(run_id, what, seconds=self._settings.telling_seconds):
            return False
        message = contracts.check("ocr/notification", ending)
        clients.sns().publish(
            TopicArn=self._settings.notification_topic,
            Subject=f"OCR run {ending['state'].lower()}: {run_id}",
            Message=json.dumps(message, ensure_ascii=False),
        )
        self._records.end_telling(run_id, what)
        return True


def one_line(text: str) -> str:
    return " ".join(text.split())[:_MAX_REASON]
