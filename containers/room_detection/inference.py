"""SageMaker's four functions: one blueprint's bytes in, the rooms on its pages out, as the `rooms` contract says."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from containers.room_detection.detector import VERSION, Room, detect
from containers.room_detection.images import Page, pages
from containers.room_detection.limits import Limits
from containers.room_detection.parameters import Parameters
from loupe.contracts import check

Answer: TypeAlias = dict[str, Any]
_ROW_OF_ROOMS = 20  # thousandths of the page: rooms that begin this close below each other are read left to right


def model_fn(model_dir: str) -> Parameters:  # the model is code: nothing has to be loaded
    """What the detector decides by."""
    cv2.setNumThreads(1)  # concurrent requests use the cores
    return Parameters()


def input_fn(body: bytes | BinaryIO, content_type: str = "") -> Iterator[Page]:  # content decides
    """The pages of a blueprint, decoded as they are asked for."""
    return pages(BytesIO(body) if isinstance(body, bytes) else body, Limits.from_environ())


def predict_fn(blueprint: Iterator[Page], model: Parameters) -> Answer:
    """Detect page by page and say it in the words of the contract."""
    sizes: list[Answer] = []
    rooms: list[Answer] = []
    for number, page in enumerate(blueprint, start=1):
        height, width = page.pixels.shape[:2]
        sizes.append({"page": number, "width": width, "height": height} | ({"dpi": page.dpi} if page.dpi else {}))
        rooms += _in_reading_order(_described(detect(page.pixels, model), number, width, height))
    named = [{"id": f"room_{index:03d}", **room} for index, room in enumerate(rooms, start=1)]
    return {"detector": {"name": "loupe-walls", "version": VERSION}, "pages": sizes, "rooms": named}


def output_fn(prediction: Answer, accept: str = "application/json") -> bytes:  # there is one form
    """The answer as JSON, refused if it broke the contract."""
    return json.dumps(check("room_detection/rooms", prediction), separators=(",", ":")).encode()


def detect_file(path: str | Path, limits: Limits | None = None) -> Answer:
    """The same answer for a file, without a server."""
    with Path(path).open("rb") as file:
        answer: Answer = check("room_detection/rooms", predict_fn(pages(file, limits or Limits()), Parameters()))
        return answer


def _described(found: list[Room], page: int, width: int, height: int) -> list[Answer]:
    total = sum(room.area for room in found)
    return [_room(room, page, (width, height), room.area / total) for room in found if room.area >= 0.1]


def _room(room: Room, page: int, size: tuple[int, int], share: float) -> Answer:
    polygon = np.clip(np.round(room.polygon, 1), 0, size)
    box = np.concatenate([polygon.min(axis=0), polygon.max(axis=0)])
    return {
        "page": page,
        "polygon": polygon.tolist(),
        "bounding_box_px": box.tolist(),
        "bounding_box": _thousandths(box, size),
        "area_px": round(room.area, 1),
        "area_share": round(share, 6) or 1e-6,
        "confidence": room.confidence,
        "name_hint": None,
    }


def _thousandths(box: NDArray[np.float64], size: tuple[int, int]) -> list[int]:
    return [int(value) for value in np.clip(np.round(1000 * box / np.tile(size, 2)), 0, 1000)]


def _in_reading_order(rooms: list[Answer]) -> list[Answer]:
    return sorted(rooms, key=lambda room: (room["bounding_box"][1] // _ROW_OF_ROOMS, *room["bounding_box"]))
