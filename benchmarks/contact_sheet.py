"""Results → one picture: the known rooms of each plan beside those found, name and F1 above."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.plans import page_of
from benchmarks.scoring import Result
from containers.room_detection.overlay import draw

Picture = NDArray[np.uint8]
SIDE, TITLE, GAP = 640, 32, 8
GREY, BLACK = 200, (0, 0, 0)


def chosen(results: list[Result], half: str, worst: int | None) -> list[Result]:
    """One half or all; the worst first where only some are wanted."""
    of_half = [result for result in results if half in {"all", result.plan.half}]
    return of_half if worst is None else sorted(of_half, key=Result.f1)[:worst]


def contact_sheet(results: list[Result]) -> Picture:
    """RGB; about as many columns as rows."""
    cells = [_cell(result) for result in results]
    across = max(1, round((len(cells) / 2) ** 0.5))
    padded = cells + [np.full_like(cells[0], GREY)] * (-len(cells) % across)
    rows = [np.hstack(padded[start : start + across]) for start in range(0, len(padded), across)]
    return np.vstack(rows)


def _cell(result: Result) -> Picture:
    page = page_of(result.plan)
    scale = SIDE / max(page.shape[:2])
    small = np.asarray(cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    known = [{"id": str(room.get("label") or ""), "polygon": _outline(room)} for room in result.plan.truth["rooms"]]
    found = [{"id": f"{room['confidence']:.2f}", "polygon": room["polygon"]} for room in result.rooms]
    sides = [_framed(draw(small, _scaled(rooms, scale))) for rooms in (known, found)]
    return np.vstack([_title(result), np.hstack(sides)])


def _outline(room: dict[str, Any]) -> list[list[float]]:
    """The outline known, or the box where that is all that is known."""
    x0, y0, x1, y1 = room["bbox"]
    outline: list[list[float]] = room["polygon"] or [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    return outline


def _scaled(rooms: list[dict[str, Any]], scale: float) -> list[dict[str, Any]]:
    return [{**room, "polygon": np.asarray(room["polygon"], np.float64) * scale} for room in rooms]


def _framed(picture: Picture) -> Picture:
    framed = np.full((SIDE + GAP, SIDE + GAP, 3), GREY, np.uint8)
    framed[: picture.shape[0], : picture.shape[1]] = picture
    return framed


def _title(result: Result) -> Picture:
    strip = np.full((TITLE, 2 * (SIDE + GAP), 3), GREY, np.uint8)
    kind = "mask" if "mask50" in result.score else "box"
    words = f"{result.plan.name} ({result.plan.half})  {kind} F1 {result.f1():.2f}  known | found, with confidence"
    cv2.putText(strip, words, (4, TITLE - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.6, BLACK, 1, cv2.LINE_AA)
    return strip
