"""A blueprint, its answer and a document OCR service → the answer with the names of its rooms."""

from pathlib import Path
from typing import Any

from cli.words import words
from containers.room_detection import images
from containers.room_detection.limits import Limits
from containers.room_detection.names import names
from loupe import contracts


def named(file: Path, answer: dict[str, Any], ocr: str, limits: Limits) -> dict[str, Any]:
    """Every page with rooms is read; Trouble with one of them leaves the answer as it was."""
    found: dict[str, str | None] = {}
    with file.open("rb") as opened:
        for number, page in enumerate(images.pages(opened, limits), start=1):
            rooms = [room for room in answer["rooms"] if room["page"] == number]
            if rooms:
                told = names(words(page.pixels, ocr), rooms)
                found |= {room["id"]: name for room, name in zip(rooms, told, strict=True)}
    with_names = [room | ({"name": name} if (name := found[room["id"]]) else {}) for room in answer["rooms"]]
    return dict(contracts.check("room_detection/rooms", {**answer, "rooms": with_names}))
