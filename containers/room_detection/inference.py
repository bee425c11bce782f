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
from containers.room_detection.right_angles import Polygon
from loupe.contracts import check

Answer: TypeAlias = dict[str, Any]
Ring: TypeAlias = list[list[float]]
SMALLEST_AREA = 0.1  # square pixels
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
        rooms += _in_reading_order(detect(page.pixels, model), number, (width, height), first=len(rooms) + 1)
    return {"detector": {"name": "loupe-boundaries", "version": VERSION}, "pages": sizes, "rooms": rooms}


def output_fn(prediction: Answer, accept: str = "application/json") -> bytes:  # there is one form
    """The answer as JSON, refused if it broke the contract."""
    return json.dumps(check("room_detection/rooms", prediction), separators=(",", ":")).encode()


def detect_file(path: str | Path, limits: Limits | None = None) -> Answer:
    """The same answer for a file, without a server."""
    with Path(path).open("rb") as file:
        answer: Answer = check("room_detection/rooms", predict_fn(pages(file, limits or Limits()), Parameters()))
        return answer


def _in_reading_order(found: list[Room], page: int, size: tuple[int, int], *, first: int) -> list[Answer]:
    """What is said of the rooms of a page, numbered from `first`; what is no area to a tenth of a pixel is left out."""
    rings = {index: _ring(room.polygon, size) for index, room in enumerate(found) if room.area >= SMALLEST_AREA}
    total = sum(found[index].area for index, outer in rings.items() if outer)
    told = {i: _room(found[i], outer, page, size, found[i].area / total) for i, outer in rings.items() if outer}
    order = sorted(told, key=lambda index: _place(told[index]["bounding_box"]))
    ids = {index: f"room_{number:03d}" for number, index in enumerate(order, start=first)}
    return [
        {"id": name, **told[index], "neighbours": [ids[other] for other in ids if other in found[index].neighbours]}
        for index, name in ids.items()
    ]


def _room(room: Room, outer: Ring, page: int, size: tuple[int, int], share: float) -> Answer:
    box = np.concatenate([np.min(outer, axis=0), np.max(outer, axis=0)])
    holes = [ring for hole in room.holes if (ring := _ring(hole, size))]
    return {
        "page": page,
        "polygon": outer,
        **({"holes": holes} if holes else {}),
        "bounding_box_px": box.tolist(),
        "bounding_box": _thousandths(box, size),
        "area_px": round(room.area, 1),
        "area_share": round(share, 6) or 1e-6,
        "confidence": room.confidence,
    }


def _ring(polygon: Polygon, size: tuple[int, int]) -> Ring:
    """In tenths of pixels, without points that fell together; empty where no area is left."""
    points = np.clip(np.round(polygon, 1), 0, size)
    points = points[(points != np.roll(points, 1, axis=0)).any(axis=1)]
    whole = len(np.unique(points, axis=0)) >= 3 and cv2.contourArea(points.astype(np.float32)) >= SMALLEST_AREA
    return points.tolist() if whole else []


def _thousandths(box: NDArray[np.float64], size: tuple[int, int]) -> list[int]:
    return [int(value) for value in np.clip(np.round(1000 * box / np.tile(size, 2)), 0, 1000)]


def _place(box: list[int]) -> list[int]:
    """What reading order compares."""
    return [box[1] // _ROW_OF_ROOMS, *box]
